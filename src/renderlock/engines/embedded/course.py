"""The course of one render: a recipe held against the capabilities, then walked from noise to latent.

A recipe made by `engines.resolve` always fits; one made by hand is refused here, before anything is
computed, so that no field of it is ever ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from renderlock.engines.base import Preview, PreviewWatch, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.engines.embedded.cells import Cells, Latent, Place
from renderlock.engines.embedded.samplers import SAMPLERS, Sampler, time_schedule
from renderlock.engines.embedded.unfinished import RememberingModel
from renderlock.errors import NotCapable, RecipeError
from renderlock.imaging.pixels import Pixels, fit_to
from renderlock.spec.recipe import Recipe, Window

if TYPE_CHECKING:
    from renderlock.engines.embedded.model import Conditioning


LARGEST_DIRECT = 2.25
"""Up to so many times the native area a picture is drawn in one go; beyond, single large objects fall apart."""

REFINE_STRENGTH = 0.45
"""Denoising strength with which an enlarged picture is drawn again: edges sharpen, the composition stays."""

REFINE_STREAM = 10_000
"""First noise stream of the second leg, far from those of the first leg's steps."""


@dataclass(frozen=True)
class Leg:
    """One walk from noise to a picture: the size in cells, where it lies, the times, the first stream of its noise."""

    cells: Cells
    place: Place
    times: tuple[float, ...]
    stream: int = 0

    @property
    def steps(self) -> int:
        """How many denoising steps it has."""
        return len(self.times) - 1


@dataclass(frozen=True)
class Course:
    """The legs of one render, each starting from the picture of the one before, enlarged; sampler, guidance, seed."""

    legs: tuple[Leg, ...]
    sampler: Sampler
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
    cells = Cells(recipe.size.height // cell_px, recipe.size.width // cell_px)
    native = Cells(facts.sizes.native.height // cell_px, facts.sizes.native.width // cell_px)
    start = None if recipe.init is None else recipe.init.strength
    multiple = facts.sizes.multiple // cell_px
    if recipe.window is not None:
        # A tile is one leg of its own: what its canvas shows is decided by the picture it starts from.
        times = time_schedule(recipe.steps, start or 1.0, _shift(cells, native))
        legs: tuple[Leg, ...] = (Leg(cells, _place_of(recipe.window, cells, cell_px), times),)
    else:
        legs = _plot_legs(cells, native, recipe.steps, start=start, multiple=multiple)
    return Course(legs, sampler, recipe.guidance_scale, recipe.seed)


def _plot_legs(cells: Cells, native: Cells, steps: int, *, start: float | None, multiple: int) -> tuple[Leg, ...]:
    """One leg, or for a large canvas without a start picture two: composed near native size, then drawn again large.

    The second leg adds steps in proportion to its strength. So the same seed composes alike at every large size.
    """
    shift = _shift(cells, native)
    if start is not None or cells.area <= LARGEST_DIRECT * native.area:
        return (Leg(cells, Place.whole(cells), time_schedule(steps, start or 1.0, shift)),)
    small = _alike(cells, native, multiple)
    refining = math.ceil(steps * REFINE_STRENGTH)
    return (
        Leg(small, Place.whole(small), time_schedule(steps, 1.0, _shift(small, native))),
        Leg(cells, Place.whole(cells), time_schedule(refining, REFINE_STRENGTH, shift), REFINE_STREAM),
    )


def _place_of(window: Window, cells: Cells, cell_px: int) -> Place:
    """The window in cells: the cell its corner lies in, on a canvas whose last cells may be cut."""
    canvas = Cells(-(-window.canvas.height // cell_px), -(-window.canvas.width // cell_px))
    top = min(window.top // cell_px, canvas.height - cells.height)
    left = min(window.left // cell_px, canvas.width - cells.width)
    return Place(top, left, canvas)


def _alike(cells: Cells, native: Cells, multiple: int) -> Cells:
    """The canvas of about the native area whose shape is nearest, shape counting more than area."""
    sides = range(multiple, 4 * max(native.height, native.width) + 1, multiple)
    shapes = (Cells(height, width) for height in sides for width in sides)

    def distance(shape: Cells) -> float:
        stretch = math.log(shape.height * cells.width / (shape.width * cells.height))
        return abs(stretch) + 0.15 * abs(math.log(shape.area / native.area))

    return min(shapes, key=distance)


def walk(
    course: Course, model: RememberingModel, conditioning: Conditioning, init: Pixels | None, watch: Watch
) -> Latent:
    """The latent at the end of the course; raises what `model` and `watch` raise."""
    picture, before = init, 0
    for leg in course.legs[:-1]:
        latent = _walk_leg(leg, course, _Field(model, conditioning, leg.place), picture, _Count(watch, course, before))
        before += leg.steps
        picture = _enlarge(model.decode(latent), leg.cells, course.legs[-1].cells)
    last = course.legs[-1]
    return _walk_leg(last, course, _Field(model, conditioning, last.place), picture, _Count(watch, course, before))


def _walk_leg(leg: Leg, course: Course, field: _Field, picture: Pixels | None, count: _Count) -> Latent:
    def after_step(done: int) -> None:
        count.tell(done, field.preview)

    return course.sampler(
        _start(leg, course.seed, field.model, picture),
        leg.times,
        field.velocity,
        lambda step: field.model.noise(course.seed, leg.cells, leg.stream + step, place=leg.place),
        after_step,
    )


@dataclass(frozen=True)
class _Count:
    """Tells the watch of steps, counted over all legs."""

    watch: Watch
    course: Course
    before: int

    def tell(self, done: int, preview: Preview) -> None:
        if isinstance(self.watch, PreviewWatch):
            self.watch.on_preview(preview)
        self.watch.on_step(self.before + done, sum(leg.steps for leg in self.course.legs))


@dataclass
class _Field:
    """The model's velocity under one conditioning, and the picture it pointed at last: x0 = x - t v."""

    model: RememberingModel
    conditioning: Conditioning
    place: Place
    _expected: Latent | None = None

    def velocity(self, latent: Latent, time: float) -> Latent:
        velocity = self.model.velocity(latent, time, self.conditioning, (self.place,))
        self._expected = latent - np.float32(time) * velocity
        return velocity

    def preview(self) -> Pixels:
        if self._expected is None:
            msg = "a preview was asked for before the first step"
            raise RuntimeError(msg)
        return self.model.show(self._expected)


def _start(leg: Leg, seed: int, model: RememberingModel, picture: Pixels | None) -> Latent:
    """Noise, or the picture mixed with as much noise as the first time says."""
    noise = model.noise(seed, leg.cells, leg.stream, place=leg.place)
    if picture is None:
        return noise
    share = np.float32(leg.times[0])
    return (np.float32(1) - share) * model.encode(_as_rgb(picture)) + share * noise


def _enlarge(pixels: Pixels, cells: Cells, larger: Cells) -> Pixels:
    """The picture scaled from one canvas to another."""
    height, width = pixels.shape[0] * larger.height // cells.height, pixels.shape[1] * larger.width // cells.width
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _as_rgb(init: Pixels) -> Pixels:
    height, width, channels = init.shape
    return init if channels == 3 else fit_to(init, width, height)


def _shift(cells: Cells, native: Cells) -> float:
    """How much longer a canvas larger than native stays at high noise (arXiv 2403.03206, eq. 23)."""
    return max(1.0, math.sqrt(cells.area / native.area))


def _refuse_what_does_not_apply(recipe: Recipe) -> None:
    refused = []
    if recipe.tiling is not None:
        refused.append("  tiling: one call renders one canvas; tiles are planned above the engine")
    refused += [f"  {name}: the model has no such control" for name, _ in recipe.extras]
    if refused:
        raise NotCapable(model=f"{recipe.model.engine}:{recipe.model.model}", listing="\n".join(refused))
