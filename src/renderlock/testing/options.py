"""How a loopback provider is served, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from renderlock.testing.faults import Fault

Style = Literal["engine", "sketch"]
"""Pictures of the embedded engine, or patches of colour drawn in no time."""


@dataclass(frozen=True)
class ServeOptions:
    """`port` 0 takes a free one; `key` None a random one; `concurrency` None the provider's own limit (0: no limit)."""

    port: int = 0
    key: str | None = field(default=None, repr=False)
    faults: tuple[Fault, ...] = ()
    latency_s: float = 0.0
    concurrency: int | None = None
    pictures: Style = "engine"
