"""How much memory a render will take: engine facts, corrected by what this machine measured before.

The first prediction of a model is its facts times factors that we measured; every measured render pulls those factors
towards this machine, and a render of the same shape is predicted from what that shape took.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from renderlock.actions.models import Models
from renderlock.engines.memory_facts import MemoryParts
from renderlock.spec.recipe import Recipe


@dataclass(frozen=True)
class Shape:
    """Everything of a render that decides its memory: two renders of one shape need the same.

    `controls` are extras and levers, sorted; `guided` tells whether each step evaluates the denoiser twice.
    """

    model: str
    width: int
    height: int
    guided: bool
    from_picture: bool
    controls: tuple[str, ...]
    device: str


@dataclass(frozen=True)
class Measured:
    """What one render took: peak bytes over the idle worker, seconds, and the parts foretold for it."""

    shape: Shape
    peak_bytes: int
    seconds: float
    parts: MemoryParts | None


class History(Protocol):
    """What is remembered of renders and dry runs."""

    def measured(self, model: str, device: str) -> tuple[Measured, ...]:
        """The remembered renders of one model on one device, oldest first."""

    def note(self, measured: Measured) -> None:
        """Remembers a render, where it teaches something."""

    def parts(self, shape: Shape) -> MemoryParts | None:
        """The parts found for a shape before."""

    def note_parts(self, shape: Shape, parts: MemoryParts) -> None:
        """Remembers the parts of a shape."""


@dataclass(frozen=True)
class Prediction:
    """What a render is expected to need at most, over an idle process with its libraries imported.

    `bytes` is None where nothing is known; `seconds` where no render of the shape was timed. `parts` are the engine's
    own figures before correction; `source` says what the figure rests on.
    """

    bytes: int | None
    seconds: float | None
    parts: MemoryParts | None
    source: str

    def surely_exceeds(self, budget_bytes: int) -> bool:
        """Whether even three quarters of the prediction, the least that renders take of it, are over the budget."""
        return self.bytes is not None and 0.75 * self.bytes > budget_bytes


def predict(models: Models, reference: str, recipe: Recipe, levers: Collection[str], history: History) -> Prediction:
    """The prediction for a recipe on a model; loads no weights, may run the model's shapes dry for a few seconds."""
    raise NotImplementedError
