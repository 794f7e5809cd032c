"""The steward: a render within a memory budget, climbing the rungs that need no other plan.

Running out of memory costs the attempt, never the run: the next rung is tried with a fresh generator, and what was
computed of the same picture before is not computed again where the engine can keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from renderlock.actions.memory.ladder import Rung
from renderlock.actions.memory.prediction import History, Prediction
from renderlock.actions.models import Models
from renderlock.engines.base import Render, Watch
from renderlock.imaging.pixels import Pixels
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Recipe


@dataclass(frozen=True)
class StewardRender:
    """A picture and what it took to get it.

    `recipe` is the one that was rendered: a rung that changes pixels makes another. `deviations` are those of the
    rungs; the engine's own stand in `render`. `peak_bytes` is None where this system does not tell.
    """

    render: Render
    recipe: Recipe
    rungs_taken: tuple[Rung, ...]
    deviations: tuple[Deviation, ...]
    peak_bytes: int | None
    predicted: Prediction | None
    notes: tuple[str, ...] = ()


@dataclass
class Steward:
    """Renders with one set of models; renders under a budget take turns, in one worker process.

    Close it to end the worker.
    """

    models: Models
    history: History
    device: Literal["auto", "cpu", "cuda", "mps"] = field(default="auto")

    def predict(self, reference: str, recipe: Recipe, rungs: Sequence[Rung] = ()) -> Prediction:
        """What `recipe` needs once all of `rungs` are taken."""
        raise NotImplementedError

    def render(
        self,
        reference: str,
        recipe: Recipe,
        init: Pixels | None,
        watch: Watch,
        *,
        budget_bytes: int | None,
        rungs: Sequence[Rung],
    ) -> StewardRender:
        """The picture of `recipe`, with as many of `rungs` taken, in order, as it needs to fit.

        A rung that surely cannot help is skipped, and rungs that one render of a shape needed are taken at once by the
        next. Without a budget the render runs in this process, and only what the system refuses makes it climb.

        Raises `OutOfMemory` after the last rung; its facts hold `predicted_bytes`, `budget_bytes`, `rungs` (names) and
        `failures` (what each attempt said). Raises what the engine and `watch` raise.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Ends the worker process."""
