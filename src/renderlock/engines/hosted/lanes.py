"""One lane a provider: how many pictures it has in progress at once, so that its own limit is kept before it says no.

A refusal (429) halves the lane and pauses all of it for as long as the provider asks; it then grows by one place for
every lane full of pictures that came through. A slow provider fills its own lane and holds up no other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_LOOK_AGAIN_S = 0.1
"""How often a waiting call looks whether it was stopped."""


class Lane:
    """The places of one provider; shared by all its engines and threads."""

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.most = most
        self._width = most
        self._busy = 0
        self._served = 0
        self._not_before = 0.0
        self._changed = threading.Condition()

    @property
    def width(self) -> int:
        """How many pictures may be in progress now."""
        return self._width

    @property
    def pause_s(self) -> float:
        """For how many seconds nothing starts, as the provider asked."""
        return max(0.0, self._not_before - time.monotonic())

    @contextmanager
    def place(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Holds a place for one picture; while it waits, `on_wait` is called and may raise to give up."""
        with self._changed:
            while self._busy >= self._width or self.pause_s > 0:
                on_wait()
                self._changed.wait(_LOOK_AGAIN_S)
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify()

    def refused(self, retry_after_s: float | None) -> None:
        """The provider said that it was too much: half the places, and a pause where it named one."""
        with self._changed:
            self._width = max(1, self._width // 2)
            self._served = 0
            if retry_after_s is not None:
                self._not_before = max(self._not_before, time.monotonic() + retry_after_s)

    def served(self) -> None:
        """The provider took a picture."""
        with self._changed:
            self._served += 1
            if self._served >= self._width and self._width < self.most:
                self._width += 1
                self._served = 0
                self._changed.notify()


@dataclass(frozen=True)
class JobLane:
    """A lane as those see it who start jobs: two jobs a place.

    While one holds the place, the other may decode and store its picture, or stand ready; so that no place is empty
    because of work that is done here.
    """

    lane: Lane

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.lane.name

    @property
    def width(self) -> int:
        """How many jobs may be under way now."""
        return 2 * self.lane.width

    @property
    def pictures(self) -> int:
        """How many pictures the provider makes at once now."""
        return self.lane.width


class Lanes:
    """The lanes of one process, by provider."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Lanes], tuple[()]]:
        """A worker process gets lanes of its own."""
        return Lanes, ()

    def lane(self, name: str, most: int) -> Lane:
        """The lane of a provider, with `most` places where it is new."""
        with self._lock:
            return self._lanes.setdefault(name, Lane(name, most))
