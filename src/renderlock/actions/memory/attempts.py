"""The attempts at one render: the recipe as it is, then with one rung more each time, those that help only.

A rung helps where the prediction with it is lower, or where nothing can be predicted. The tiles that a picture is
decoded in are as large as the budget allows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from renderlock.actions.memory.ladder import VAE_TILE, Rung
from renderlock.actions.memory.prediction import Prediction
from renderlock.spec.recipe import Recipe

VAE_TILES_PX = (1024, 512, 256, 128, 64)
"""Sides of the tiles that a picture may be decoded in."""

USUAL_VAE_TILE_PX = 512
"""The side that is taken where nothing can be predicted."""

Foresee = Callable[[Recipe, Collection[str]], Prediction]
"""The prediction for a recipe under levers."""


@dataclass(frozen=True)
class Attempt:
    """One way to render: its recipe and levers, the rungs taken to get here, and how many rungs of the ladder are
    behind it. `unloads` tells whether it needs a process that holds nothing else."""

    recipe: Recipe
    levers: frozenset[str]
    rungs: tuple[Rung, ...]
    level: int
    prediction: Prediction
    unloads: bool = False


def attempts_for(
    recipe: Recipe, rungs: Sequence[Rung], foresee: Foresee, budget_bytes: int | None
) -> Iterator[Attempt]:
    """The attempts in order, each foreseen only when it is reached."""
    attempt = Attempt(recipe, frozenset(), (), 0, foresee(recipe, ()))
    yield attempt
    for level, rung in enumerate(rungs, 1):
        taken = _with_rung(attempt, rung, level, foresee, budget_bytes)
        if taken is not None:
            attempt = taken
            yield attempt


def _with_rung(before: Attempt, rung: Rung, level: int, foresee: Foresee, budget_bytes: int | None) -> Attempt | None:
    """The attempt with one rung more; None where that would not help."""
    match rung.kind:
        case "unload":
            levers = before.levers | ({rung.lever} if rung.lever else set())
            prediction = foresee(before.recipe, levers)
            if prediction.parts is None or not _helps(prediction, before.prediction):
                levers, prediction = before.levers, before.prediction
            return Attempt(before.recipe, levers, (*before.rungs, rung), level, prediction, unloads=True)
        case "recipe":
            return _in_tiles(before, rung, level, foresee, budget_bytes)
        case _:
            levers = before.levers | {rung.lever}
            prediction = foresee(before.recipe, levers)
            helps = _helps(prediction, before.prediction)
            return Attempt(before.recipe, levers, (*before.rungs, rung), level, prediction) if helps else None


def _in_tiles(before: Attempt, rung: Rung, level: int, foresee: Foresee, budget_bytes: int | None) -> Attempt | None:
    """The attempt that decodes in the largest tiles that fit the budget; in the smallest where none does."""
    longest = max(before.recipe.size.width, before.recipe.size.height)
    sides = [side for side in VAE_TILES_PX if side < longest]
    chosen: Attempt | None = None
    for side in sides:
        recipe = replace(before.recipe, extras=(*before.recipe.extras, (VAE_TILE, side)))
        prediction = foresee(recipe, before.levers)
        if not _helps(prediction, before.prediction):
            continue
        chosen = Attempt(recipe, before.levers, (*before.rungs, rung), level, prediction)
        fits = prediction.bytes is not None and budget_bytes is not None and prediction.bytes <= budget_bytes
        if fits or (budget_bytes is None and side <= USUAL_VAE_TILE_PX):
            break
    return chosen


def _helps(now: Prediction, before: Prediction) -> bool:
    return now.parts is None or before.parts is None or now.parts.total < before.parts.total
