"""The link that enlarges the picture before it, behind the upscaler gate, with gentler upscalers to fall back to.

Loaded only where a picture is enlarged: upscalers bring libraries that planning does without.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from renderlock.actions.finals.links import Finished
from renderlock.actions.upscale_keeping import environment_of, recipe_of
from renderlock.actions.upscaling import Ways, upscale_picture
from renderlock.imaging.pixels import decode_picture
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store


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
        return replace(recipe, size=self.size, extras=(*recipe.extras, ("cut_from", str(self.cover))))

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
        left, top = (self.cover.width - self.size.width) // 2, (self.cover.height - self.size.height) // 2
        pixels = upscaled.pixels[top : top + self.size.height, left : left + self.size.width]
        verdicts = () if upscaled.verdict is None else (upscaled.verdict,)
        return Finished(pixels, upscaled.deviations, verdicts, environment_of().facts)
