"""What renders computed before memory ran out, so that the next attempt at the same picture goes on from there.

A render asks its networks the same questions in the same order every time, so its answers are kept as a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from renderlock.engines.embedded.cells import Cells, Latent, Place
from renderlock.imaging.pixels import Pixels

if TYPE_CHECKING:
    from renderlock.engines.embedded.model import Conditioning, Model

Answer = TypeVar("Answer", bound=NDArray[np.float32] | NDArray[np.uint8])

MOST_UNFINISHED = 8
"""How many pictures are remembered at once: as many as a machine renders side by side."""


@dataclass
class Answers:
    """What the networks answered in one render so far, in order."""

    _given: list[NDArray[np.float32] | NDArray[np.uint8]] = field(default_factory=list)
    _next: int = 0

    def ask(self, compute: Callable[[], Answer]) -> Answer:
        """The next answer: the remembered one, or what `compute` gives."""
        if self._next == len(self._given):
            self._given.append(compute())
        self._next += 1
        return cast("Answer", self._given[self._next - 1])

    def rewind(self) -> None:
        """Begins with the first answer again."""
        self._next = 0


@dataclass(frozen=True)
class RememberingModel:
    """The model as one render uses it: what was answered before is not computed again."""

    model: Model
    answers: Answers

    def noise(self, seed: int, cells: Cells, stream: int, *, place: Place) -> Latent:
        """As `Model.noise`; it is drawn anew each time."""
        return self.model.noise(seed, cells, stream, place=place)

    def velocity(self, latent: Latent, time: float, conditioning: Conditioning, places: Sequence[Place]) -> Latent:
        """As `Model.velocity`."""
        return self.answers.ask(lambda: self.model.velocity(latent, time, conditioning, places))

    def encode(self, pixels: Pixels) -> Latent:
        """As `Model.encode`."""
        return self.answers.ask(lambda: self.model.encode(pixels))

    def decode(self, latent: Latent) -> Pixels:
        """As `Model.decode`."""
        return self.answers.ask(lambda: self.model.decode(latent))

    def show(self, latent: Latent) -> Pixels:
        """A look at a latent on the way, which is no part of the render."""
        return self.model.decode(latent)


@dataclass
class Unfinished:
    """The answers of pictures that ran out of memory, by the digest of their recipes; safe for several threads."""

    _kept: dict[str, Answers] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, digest: str) -> Answers:
        """The answers of an attempt before, rewound; none where there was no such attempt."""
        with self._lock:
            answers = self._kept.pop(digest, Answers())
        answers.rewind()
        return answers

    def keep(self, digest: str, answers: Answers) -> None:
        """Remembers the answers of an attempt that ran out; forgets the oldest where there are too many."""
        with self._lock:
            self._kept[digest] = answers
            while len(self._kept) > MOST_UNFINISHED:
                del self._kept[next(iter(self._kept))]
