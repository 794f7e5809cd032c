"""The link that enlarges the picture before it, behind the upscaler gate, with gentler upscalers to fall back to.

Loaded only where a picture is enlarged: upscalers bring libraries that planning does without.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from renderlock.actions.finals.links import Finished
from renderlock.actions.upscale_gate_files import gate_files
from renderlock.actions.upscale_keeping import environment_of, files_of, recipe_of
from renderlock.actions.upscaling import Ways, upscale_picture
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store
from renderlock.upscalers.depth import in_8_bits

CUT_FROM = "cut_from"
"""The control that names the size a picture was enlarged to before it was cut."""


@dataclass(frozen=True)
class Enlarge:
    """The picture before it, of the size `source`, at `size`; one of another shape is cut to it from the centre.

    `name` is the upscaler's reference; it is opened when the link is looked for or made.
    """

    name: str
    source: Size
    size: Size
    open_ways: Callable[[], Ways] = field(compare=False)

    @cached_property
    def ways(self) -> Ways:
        """The upscaler with its gate, and the gentler ones."""
        return self.open_ways()

    @cached_property
    def cover(self) -> Size:
        """The size it is enlarged to before it is cut."""
        scale = max(self.size.width / self.source.width, self.size.height / self.source.height)
        width, height = round(self.source.width * scale, 6), round(self.source.height * scale, 6)
        whole = Size(max(self.size.width, math.ceil(width)), max(self.size.height, math.ceil(height)))
        # A pixel more on one side is what rounding makes, and no other shape.
        return self.size if max(whole.width - self.size.width, whole.height - self.size.height) <= 1 else whole

    @cached_property
    def _template(self) -> Recipe:
        """The recipe but for the picture it starts from."""
        recipe = recipe_of(self.ways, ("", self.source), self.cover)
        if self.cover == self.size:
            return recipe
        return cut_recipe(recipe, self.size)

    @property
    def key(self) -> str:
        """Names the link's work, the picture it starts from apart."""
        return f"enlarge {self.name} {self.source} {self.size}"

    def recipe_from(self, source: RenderRecord | None) -> Recipe:
        """The recipe over the picture before it."""
        assert source is not None
        return replace(self._template, init=Init(source.pixels, 1.0))

    def recipes_from(self, source: RenderRecord | None) -> tuple[Recipe, ...]:
        """The one recipe its picture may have."""
        return (self.recipe_from(source),)

    def finish(self, store: Store, source: RenderRecord, standing: Standing) -> Finished:
        """The enlarged picture with the verdicts of the gate; raises what upscalers raise."""
        ways = replace(self.ways, scratch=store.layout.tmp)
        upscaled = upscale_picture(decode_picture(store.read(source)), self.cover, ways)
        pixels = cut_from_centre(in_8_bits(upscaled.pixels), self.size)
        verdicts = () if upscaled.verdict is None else (upscaled.verdict,)
        return Finished(
            pixels,
            upscaled.deviations,
            verdicts,
            environment_of().facts,
            (*gate_files(self.ways.gate), *files_of(upscaled)),
        )


def cut_recipe(recipe: Recipe, size: Size) -> Recipe:
    """The recipe of an enlargement that is cut to a smaller size afterwards."""
    return replace(recipe, size=size, extras=(*recipe.extras, (CUT_FROM, str(recipe.size))))


def cut_from_centre(pixels: Pixels, size: Size) -> Pixels:
    """The middle of a picture, at that size."""
    left, top = (pixels.shape[1] - size.width) // 2, (pixels.shape[0] - size.height) // 2
    return pixels[top : top + size.height, left : left + size.width]
