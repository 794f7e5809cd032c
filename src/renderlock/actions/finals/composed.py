"""The link that lays overlays over a picture, locks it to a palette, and writes it in a colour profile.

Loaded only where a step asks for it: drawing SVG takes a library that planning does without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from renderlock.actions.composing import ComposePlan, compose_picture, compose_recipe
from renderlock.actions.finals.links import Finished
from renderlock.imaging.colour import decode_managed, read_managed
from renderlock.imaging.colour_match import Correction, MatchMethod, measure_statistics, solve_correction
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store.png_texts import texts_of
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

MATCH_METHOD: MatchMethod = "monge-kantorovich"


@dataclass(frozen=True)
class Reference:
    """The picture whose colours are taken over, by its file."""

    path: Path

    @cached_property
    def pixels(self) -> Pixels:
        """Its working pixels; raises `InputUnusable`."""
        return read_managed(self.path).pixels

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its pixels."""
        return digest_pixels(self.pixels)


@dataclass(frozen=True)
class Compose:
    """Colours matched, overlays, palette and profile over the picture before it, in this order."""

    plan: ComposePlan
    size: Size
    match: Reference | None = None
    name: str = "compose"

    @cached_property
    def _template(self) -> Recipe:
        """The recipe but for the picture it starts from: files are read and checked once."""
        recipe = compose_recipe("", self.size, self.plan)
        if self.match is None:
            return recipe
        matching = (("match", self.match.digest), ("match.method", MATCH_METHOD))
        return replace(recipe, extras=(*recipe.extras, *matching))

    @property
    def key(self) -> str:
        """Names the link's work, the picture it starts from apart."""
        return f"compose {self._template.digest}"

    def recipe_from(self, source: RenderRecord | None) -> Recipe:
        """The recipe over the picture before it."""
        assert source is not None
        return replace(self._template, size=source.size, init=Init(source.pixels, 1.0))

    def recipes_from(self, source: RenderRecord | None) -> tuple[Recipe, ...]:
        """The one recipe its picture may have."""
        return (self.recipe_from(source),)

    def finish(self, store: Store, source: RenderRecord, standing: Standing) -> Finished:
        """The composed picture; raises what composing raises."""
        pixels = decode_managed(store.read(source)).pixels
        texts = texts_of(self.recipe_from(source), standing)
        composed = compose_picture(pixels, replace(self.plan, correction=self._correction(pixels)), texts)
        picture = composed.pixels if composed.encoded is None else composed.encoded
        return Finished(picture, facts=(("library.resvg-py", version("resvg-py")),))

    def _correction(self, pixels: Pixels) -> Correction | None:
        if self.match is None:
            return None
        target = measure_statistics(self.match.pixels)
        return solve_correction(measure_statistics(pixels), target, method=MATCH_METHOD)
