"""An engine that draws stripes whose colours and widths follow from prompt and seed.

It computes every picture from its recipe alone, so it keeps the strictest promise: the same recipe, the same pixels.
"""

from __future__ import annotations

import hashlib

import numpy as np

from renderlock.engines.base import EngineOptions, Render, Watch
from renderlock.engines.capabilities import Capabilities, SeedGrade, SizeRule, StepRange
from renderlock.errors import UnknownName
from renderlock.imaging.pixels import Pixels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe, Size

DIRECTIONS = {"across": 0, "down": 1}


def open_model(model: str, options: EngineOptions) -> Stripes:
    """The engine for `across` (the default) or `down`."""
    name = model or "across"
    if name not in DIRECTIONS:
        raise UnknownName(kind="stripes model", name=name, known=", ".join(DIRECTIONS))
    return Stripes(name)


class Stripes:
    """Stripes in one direction."""

    def __init__(self, direction: str) -> None:
        self._direction = direction

    @property
    def capabilities(self) -> Capabilities:
        """Any size up to 1024; a step is one stripe."""
        return Capabilities(
            sizes=SizeRule(Size(128, 128), 1, 8, 1024, 1024 * 1024),
            seed=SeedGrade.EXACT,
            steps=StepRange(1, 64, 8),
            guidance_scale=None,
            negative_prompt=False,
            img2img=False,
        )

    def identify(self) -> ModelIdentity:
        """There are no weights: the version of the drawing is all there is."""
        return ModelIdentity("example-stripes", self._direction, "1", "stripes-1")

    def environment(self) -> tuple[tuple[str, str], ...]:
        """Hashes and whole numbers are the same everywhere."""
        return ()

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """One stripe a step."""
        axis = DIRECTIONS[self._direction]
        pixels = np.zeros((recipe.size.height, recipe.size.width, 3), np.uint8)
        steps = recipe.steps or 1
        edges = np.linspace(0, pixels.shape[axis], steps + 1).astype(int)
        for step in range(steps):
            stripe = [slice(None), slice(None)]
            stripe[axis] = slice(edges[step], edges[step + 1])
            pixels[tuple(stripe)] = _colour(recipe, step)
            watch.on_step(step + 1, steps)
        return Render(pixels)

    def close(self) -> None:
        """Nothing is held."""


def _colour(recipe: Recipe, step: int) -> list[int]:
    return list(hashlib.sha256(f"{recipe.prompt} {recipe.seed} {step}".encode()).digest()[:3])
