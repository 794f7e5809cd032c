"""The course of one render: a recipe held against the capabilities, then walked from noise to latent.

A recipe made by `engines.resolve` always fits; one made by hand is refused here, before anything is
computed, so that no field of it is ever ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from renderlock.engines.base import PreviewWatch, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.engines.embedded.cells import Cells, Latent, Place
from renderlock.engines.embedded.samplers import SAMPLERS, Sampler, time_schedule
from renderlock.errors import NotCapable, RecipeError
from renderlock.imaging.pixels import Pixels, fit_to
from renderlock.spec.recipe import Recipe

if TYPE_CHECKING:
    from renderlock.engines.embedded.model import Conditioning, Model


@dataclass(frozen=True)
class Course:
    """Size in cells, the sampler and its times, the guidance, and the seed of all noise."""

    cells: Cells
    sampler: Sampler
    times: tuple[float, ...]
    guidance_scale: float
    seed: int


def plot_course(recipe: Recipe, facts: Capabilities, *, cell_px: int) -> Course:
    """The course for `recipe`; raises `RecipeError` or `NotCapable` where the model cannot take it."""
    _refuse_what_does_not_apply(recipe)
    if not facts.sizes.allows(recipe.size):
        raise RecipeError(field="size", found=recipe.size, allowed=str(facts.sizes))
    sampler = SAMPLERS.get(recipe.sampler or "")
    if sampler is None:
        raise RecipeError(field="sampler", found=recipe.sampler, allowed=f"one of {', '.join(SAMPLERS)}")
    if recipe.steps is None:
        raise RecipeError(field="steps", found="nothing", allowed="a whole number")
    if recipe.guidance_scale is None:
        raise RecipeError(field="guidance_scale", found="nothing", allowed="a number")
    start = 1.0 if recipe.init is None else recipe.init.strength
    growth = recipe.size.width * recipe.size.height / (facts.sizes.native.width * facts.sizes.native.height)
    return Course(
        cells=Cells(recipe.size.height // cell_px, recipe.size.width // cell_px),
        sampler=sampler,
        times=time_schedule(recipe.steps, start, _shift(growth)),
        guidance_scale=recipe.guidance_scale,
        seed=recipe.seed,
    )


def walk(course: Course, model: Model, conditioning: Conditioning, init: Pixels | None, watch: Watch) -> Latent:
    """The latent at the end of the course; raises what `model` and `watch` raise."""
    field = _Field(model, conditioning, (Place.whole(course.cells),))
    steps = len(course.times) - 1

    def after_step(done: int) -> None:
        if isinstance(watch, PreviewWatch):
            watch.on_preview(field.preview)
        watch.on_step(done, steps)

    return course.sampler(
        _start(course, model, init),
        course.times,
        field.velocity,
        lambda step: model.noise(course.seed, course.cells, step),
        after_step,
    )


@dataclass
class _Field:
    """The model's velocity under one conditioning, and the picture it pointed at last: x0 = x - t v."""

    model: Model
    conditioning: Conditioning
    places: tuple[Place, ...]
    _expected: Latent | None = None

    def velocity(self, latent: Latent, time: float) -> Latent:
        velocity = self.model.velocity(latent, time, self.conditioning, self.places)
        self._expected = latent - np.float32(time) * velocity
        return velocity

    def preview(self) -> Pixels:
        if self._expected is None:
            msg = "a preview was asked for before the first step"
            raise RuntimeError(msg)
        return self.model.decode(self._expected)


def _start(course: Course, model: Model, init: Pixels | None) -> Latent:
    """Noise, or the init picture mixed with as much noise as the first time says."""
    noise = model.noise(course.seed, course.cells)
    if init is None:
        return noise
    share = np.float32(course.times[0])
    return (np.float32(1) - share) * model.encode(_as_rgb(init)) + share * noise


def _as_rgb(init: Pixels) -> Pixels:
    height, width, channels = init.shape
    return init if channels == 3 else fit_to(init, width, height)


def _shift(growth: float) -> float:
    """How much longer a canvas of `growth` times the native area stays at high noise (arXiv 2403.03206, eq. 23)."""
    return max(1.0, math.sqrt(growth))


def _refuse_what_does_not_apply(recipe: Recipe) -> None:
    refused = []
    if recipe.tiling is not None:
        refused.append("  tiling: one call renders one canvas; tiles are planned above the engine")
    refused += [f"  {name}: the model has no such control" for name, _ in recipe.extras]
    if refused:
        raise NotCapable(model=f"{recipe.model.engine}:{recipe.model.model}", listing="\n".join(refused))
