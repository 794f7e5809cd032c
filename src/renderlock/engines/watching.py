"""The watch of the render that is under way in this thread, for servers that tell their progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from renderlock.engines.base import Unwatched, Watch

_WATCH: ContextVar[Watch] = ContextVar("renderlock_watch")


class Steps:
    """Tells a watch of every step once and in order, whatever a server reports or leaves out."""

    def __init__(self, watch: Watch, steps: int) -> None:
        self._watch = watch
        self._steps = steps
        self._told = 0

    def reached(self, done: int) -> None:
        """Tells of all steps up to `done`."""
        while self._told < min(done, self._steps):
            self._told += 1
            self._watch.on_step(self._told, self._steps)

    def beat(self) -> None:
        """Tells once more how far it is, so that a watch can stop a render that is waiting."""
        self._watch.on_step(self._told, self._steps)

    def finished(self) -> None:
        """Tells of what the server did not report."""
        self.reached(self._steps)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Makes `watch` the one of this thread's render."""
    before = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(before)


def steps_of_this_render(steps: int) -> Steps:
    """The step counter of this thread's render."""
    return Steps(_WATCH.get(Unwatched()), steps)
