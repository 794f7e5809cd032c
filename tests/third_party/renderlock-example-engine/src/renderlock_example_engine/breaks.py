"""Engines that break the contract, each in one way, for the tests of renderlock's guard."""

from __future__ import annotations

import numpy as np

from renderlock.engines.base import EngineOptions, Render, Watch
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Recipe
from renderlock_example_engine import Stripes


def raises_when_opened(model: str, options: EngineOptions) -> Stripes:
    """A factory that fails."""
    raise ZeroDivisionError(model)


def gives_no_engine(model: str, options: EngineOptions) -> object:
    """A factory that gives something else."""
    return "stripes"


def raises_in_render(model: str, options: EngineOptions) -> Stripes:
    """An engine that fails halfway."""
    return _FailsHalfway("across")


def gives_floats(model: str, options: EngineOptions) -> Stripes:
    """An engine whose pixels are not 8-bit numbers."""
    return _Floats("across")


class _FailsHalfway(Stripes):
    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        watch.on_step(1, 2)
        raise KeyError("the second half")


class _Floats(Stripes):
    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        return Render(np.zeros((recipe.size.height, recipe.size.width, 3)))
