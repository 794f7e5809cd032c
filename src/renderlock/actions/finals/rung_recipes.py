"""What a render may be found as: its own recipe, or that recipe under a rung of the memory ladder that changed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from renderlock.actions.memory.attempts import VAE_TILES_PX
from renderlock.actions.memory.ladder import Rung
from renderlock.spec.recipe import Recipe


def under_rungs(recipe: Recipe, rungs: Sequence[Rung]) -> tuple[Recipe, ...]:
    """The recipe as it is, and as each rung that changes pixels would have rendered it."""
    changing = [rung for rung in rungs if rung.kind == "recipe"]
    changed = (
        replace(recipe, extras=(*recipe.extras, (rung.lever, side_px))) for rung in changing for side_px in VAE_TILES_PX
    )
    return (recipe, *changed)
