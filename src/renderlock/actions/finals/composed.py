"""The link that lays overlays over a picture, locks it to a palette, and writes it in a colour profile.

Loaded only where a step asks for it: drawing SVG takes a library that planning does without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from renderlock.actions.composing import ComposePlan, compose_recipe
from renderlock.actions.composing_files import files_of
from renderlock.actions.composing_pictures import say_matched
from renderlock.actions.composing_stream import Writing, compose_file, new_staged_path
from renderlock.actions.composing_survey import Survey, survey
from renderlock.actions.finals.links import Finished
from renderlock.imaging.colour_match import ColourStatistics, MatchMethod, solve_correction
from renderlock.imaging.colour_reader import open_picture
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
    def survey(self) -> Survey:
        """Its colours; raises `InputUnusable`."""
        return survey(open_picture(self.path))

    @property
    def statistics(self) -> ColourStatistics:
        """Of its colours; raises `InputUnusable`."""
        return self.survey.statistics

    @property
    def digest(self) -> str:
        """SHA-256 of its pixels at 8 bits; raises `InputUnusable`."""
        return self.survey.digest


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
        picture = open_picture(store.prove(source))
        plan, said = self.plan, []
        if self.match is not None:
            own = survey(picture)
            correction = solve_correction(own.statistics, self.match.statistics, method=MATCH_METHOD)
            plan = replace(plan, correction=correction)
            said.append(("matched", say_matched(own, correction, self.match.survey)))
        path = new_staged_path(store)
        try:
            done = compose_file(picture, plan, path, Writing(texts_of(self.recipe_from(source), standing)))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        libraries = (("library.resvg-py", version("resvg-py")),)
        files = files_of(self.plan, None if self.match is None else self.match.statistics)
        return Finished(done.as_new(), facts=libraries, files=files, source=tuple(said))
