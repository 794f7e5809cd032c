"""What every loopback provider shares while it serves: the script, the log, the count, and the painter.

`accepted` counts pictures a provider would bill: from the moment a request has passed every check, whatever comes
of it afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from renderlock.testing.calls import CallLog
from renderlock.testing.connections import Connections
from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import Script
from renderlock.testing.links import Gallery
from renderlock.testing.pictures import Order, Painter, Picture
from renderlock.testing.spoiled import spoil


class Crowded(Exception):
    """More pictures are in progress than the provider takes."""


@dataclass
class Desk:
    """The state of one server."""

    script: Script
    painter: Painter
    latency_s: float
    concurrency: int | None
    log: CallLog = field(default_factory=CallLog)
    gallery: Gallery = field(default_factory=Gallery)
    connections: Connections = field(default_factory=Connections)
    hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "loopback-painter"))
    accepted: int = 0
    in_progress: int = 0
    most_in_progress: int = 0

    def take(self, pictures: int) -> None:
        """Takes the places of some pictures and counts them as accepted; raises `Crowded` where there is no place."""
        if self.concurrency is not None and self.in_progress + pictures > self.concurrency:
            raise Crowded
        self.accepted += pictures
        self.in_progress += pictures
        self.most_in_progress = max(self.most_in_progress, self.in_progress)

    def release(self, pictures: int) -> None:
        """Gives places back."""
        self.in_progress -= pictures

    async def make(self, orders: Sequence[Order], exchange: Exchange) -> list[Picture]:
        """The pictures of some orders; the call's faults spoil the first one."""
        loop = asyncio.get_running_loop()
        painted = await asyncio.gather(*(loop.run_in_executor(self.hands, self.painter.paint, each) for each in orders))
        return [spoil(painted[0], exchange.strikes), *painted[1:]] if painted else []

    async def paint(self, orders: Sequence[Order], exchange: Exchange) -> list[Picture]:
        """The pictures of some orders, after the provider's latency at least."""
        pictures, _ = await asyncio.gather(self.make(orders, exchange), asyncio.sleep(self.latency_s))
        return pictures

    def close(self) -> None:
        """Lets go of threads and weights."""
        self.hands.shutdown(cancel_futures=True)
        self.painter.close()
