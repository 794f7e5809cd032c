"""What the machine's owner decides about hosted models: addresses, keys, patience, and where calls are written down.

None of it changes pixels. The objects shared by all engines of a process (lanes, connections) travel along, so that
ten images in flight at a provider are ten in all, whatever models they are of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.journal import Journal, NoJournal, Unjournalled
from renderlock.engines.hosted.lanes import Lanes
from renderlock.settings import KeyRing, Settings


@dataclass(frozen=True)
class Patience:
    """How long a call may take, and how often and how long a refused one is tried again.

    `connect_s` is for the connection, `answer_s` for the whole answer to one request, `attempts` and `retry_s`
    bound all attempts of one call together; `wait_s` is the first wait between two, doubled each time up to 5 s.
    """

    connect_s: float = 10.0
    answer_s: float = 300.0
    attempts: int = 6
    retry_s: float = 180.0
    wait_s: float = 0.5


@dataclass(frozen=True)
class Limits:
    """The most that is taken from a provider: bytes of an answer, bytes and pixels of a picture."""

    answer_bytes: int = 192 << 20
    picture_bytes: int = 96 << 20
    picture_pixels: int = 80_000_000


@dataclass(frozen=True)
class HostedOptions:
    """Everything hosted engines are told.

    `urls` holds base URLs by provider in place of the usual ones; `keys` where keys are looked for; `allow_retired`
    lets a retired model be called, only ever at a base URL from `urls`; `picture_hosts` are hosts that pictures may
    be fetched from besides the provider's; `prices` is a price file that comes before ours; `project` and `location`
    are those of Vertex AI.
    """

    urls: Mapping[str, str] = field(default_factory=dict)
    keys: KeyRing = field(default_factory=KeyRing)
    journal: Journal = field(default_factory=Unjournalled)
    patience: Patience = Patience()
    limits: Limits = Limits()
    allow_retired: bool = False
    picture_hosts: tuple[str, ...] = ()
    prices: Path | None = None
    project: str = ""
    location: str = ""
    lanes: Lanes = field(default_factory=Lanes, repr=False, compare=False)
    connections: Connections = field(default_factory=Connections, repr=False, compare=False)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say; nothing can be paid with it until it is told a journal."""
        return cls(
            journal=NoJournal(),
            urls=dict(settings.urls),
            keys=settings.keys,
            allow_retired=settings.allow_retired,
            picture_hosts=settings.picture_hosts,
            prices=settings.prices,
            project=settings.project,
            location=settings.location,
        )
