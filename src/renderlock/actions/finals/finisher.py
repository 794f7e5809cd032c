"""Walking a final's route: every link that is in the store is taken from it, every other is made and kept.

Where memory runs out the next route of the job is walked; its links are other recipes, and what differs is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from renderlock.actions.finals.exhausted import Failure, all_failed
from renderlock.actions.finals.found import came_under, link_recipes
from renderlock.actions.finals.limits import Limits
from renderlock.actions.finals.links import Draw, Finish, Link, Tiled
from renderlock.actions.finals.routes import Route
from renderlock.actions.finals.tiles import TileMaker, Tiles
from renderlock.actions.jobs import Job
from renderlock.actions.machine import host_name, machine_facts, peak_memory_bytes
from renderlock.actions.making import Maker, Tally, Work
from renderlock.actions.verdicts import keep_verdict, standing_verdicts
from renderlock.errors import OutOfMemory
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, fit_to
from renderlock.spec.deviation import Deviation
from renderlock.spec.lock import Environment
from renderlock.spec.recipe import Recipe
from renderlock.spec.verdict import Verdict
from renderlock.store.records import Made, NewRender, RenderRecord, TextPairs


@dataclass(frozen=True)
class Finisher:
    """Makes the delivered picture of any job; the tiles of one final are rendered up to `workers` side by side."""

    maker: Maker
    workers: int = 1
    limits: Limits = field(default_factory=dict)

    def make(self, job: Job) -> RenderRecord:
        """The delivered picture of a job, kept with every link that leads to it.

        Raises what `Maker.draw` raises; `OutOfMemory` once no route is left.
        """
        wanted = job.route or Route((Draw(job.recipe),), deviations=(), rungs=job.rungs)
        failures: list[Failure] = []
        for route in (wanted, *job.fallbacks()):
            try:
                return self._walk(job, route, wanted)
            except OutOfMemory as error:
                # Only its words are kept: the frames of the failed attempt hold what the next one needs.
                failures.append((route, OutOfMemory(**error.facts)))
            self.maker.unload(job)
        raise all_failed(failures)

    def make_tiles(self, job: Job) -> tuple[RenderRecord, Tiles]:
        """The base and the tiles of a job's picture, not merged; raises as `make` does."""
        route = job.route
        assert route is not None
        last = max(index for index, link in enumerate(route.links) if isinstance(link, Tiled))
        tiled = route.links[last]
        assert isinstance(tiled, Tiled)
        walk = _Walk(self.maker, job, route, self.workers, self.limits)
        base = route.start
        for link in route.links[:last]:
            base = walk.make(link, base)
        assert base is not None
        return base, TileMaker(self.maker, job, self.workers, walk.tally).make(tiled.recipe_from(base), base)

    def _walk(self, job: Job, route: Route, wanted: Route) -> RenderRecord:
        # The job's deviations are those of the wanted route; another brings its own.
        own = tuple(one for one in job.deviations if one not in wanted.deviations)
        job = replace(job, deviations=(*own, *route.deviations), rungs=route.rungs)
        walk = _Walk(self.maker, job, route, self.workers, self.limits)
        source = route.start
        for link in route.links:
            source = walk.make(link, source)
        assert source is not None
        return source


@dataclass(frozen=True)
class _Walk:
    """One walk along a route; the job's deviations are the route's."""

    maker: Maker
    job: Job
    route: Route
    workers: int
    limits: Limits

    @cached_property
    def tally(self) -> Tally:
        """The steps of the whole route."""
        return Tally(_steps_of(self.route))

    def make(self, link: Link, source: RenderRecord | None) -> RenderRecord:
        """The link's picture, from the store or made now."""
        wanted = link_recipes(link, source, self.job.rungs)
        found = self.maker.store.find_all([recipe.digest for recipe in wanted], self.job.standing)
        there = next((recipe.digest for recipe in wanted if recipe.digest in found), None)
        if there is not None:
            return found[there]
        if isinstance(link, Draw):
            return self._draw(wanted[0], source)
        assert source is not None
        if isinstance(link, Tiled):
            return self._put_together(link, source)
        return self._finish(link, source)

    def _draw(self, recipe: Recipe, source: RenderRecord | None) -> RenderRecord:
        work = Work(recipe, self._start_of(recipe, source), self._deviations(source), self._lineage(source))
        return self.maker.draw(self.job, work, self.tally)

    def _start_of(self, recipe: Recipe, source: RenderRecord | None) -> Pixels | None:
        if source is None:
            return self.maker.init_pixels(self.job)
        return fit_to(decode_picture(self.maker.store.read(source)), recipe.size.width, recipe.size.height)

    def _finish(self, link: Finish, source: RenderRecord) -> RenderRecord:
        created, started = datetime.now(UTC), time.monotonic()
        try:
            finished = link.finish(self.maker.store, source, self.job.standing)
        except MemoryError as error:
            raise OutOfMemory(model=link.name, reason=f"{link.size} does not fit") from error
        environment = Environment((*machine_facts(), *finished.facts)).fingerprint
        seconds = time.monotonic() - started
        record = self.maker.keep(
            NewRender(
                picture=finished.picture,
                recipe=link.recipe_from(source),
                standing=self.job.standing,
                origin=self.maker.origin(self.job),
                made=Made(created, seconds, environment, host_name(), peak_memory_bytes()),
                deviations=tuple(dict.fromkeys((*self._deviations(source), *finished.deviations))),
                source=(*self._lineage(source), *finished.source),
                files=finished.files,
            )
        )
        # What was found about the picture under it holds for this one, and is shown with it.
        for verdict in standing_verdicts(self.maker.store.events(source.address)):
            keep_verdict(self.maker.store, record, _carried(verdict, source))
        for verdict in finished.verdicts:
            keep_verdict(self.maker.store, record, verdict)
        return record

    def _put_together(self, link: Tiled, base: RenderRecord) -> RenderRecord:
        """The wanted tiles or, where those show a seam or disagree, the repaired ones; the best are kept."""
        # Loaded here as judging a final takes libraries that a run with nothing to do does without.
        from renderlock.actions.finals.merging import Merged, Merger  # noqa: PLC0415

        made = TileMaker(self.maker, self.job, self.workers, self.tally)
        tried: list[tuple[Merged, tuple[Deviation, ...]]] = []
        with Merger(self.maker, self.job, base, self.route.start, self.limits) as merger:
            recipe = link.recipe_from(base)
            tried.append((merger.merge(recipe, made.make(recipe, base)), ()))
            for repair in link.repairs:
                if tried[-1][0].passed:
                    break
                recipe = link.variant_from(repair, base)
                tried.append((merger.merge(recipe, made.make(recipe, base)), (repair.deviation,)))
            best, noted = min(tried, key=lambda one: one[0].rank)
            return merger.keep(best, (*self._deviations(base), *noted), self._budget())

    def _lineage(self, source: RenderRecord | None) -> TextPairs:
        """The picture before, and under which memory budget the ladder led here."""
        return (() if source is None else (("from", source.address),)) + self._budget()

    def _budget(self) -> TextPairs:
        return came_under(self.job.budget_bytes) if self.route.rung else ()

    def _deviations(self, source: RenderRecord | None) -> tuple[Deviation, ...]:
        """Those of the route and of every picture before."""
        before = () if source is None else source.deviations
        return tuple(dict.fromkeys((*self.job.deviations, *before)))


def _carried(verdict: Verdict, source: RenderRecord) -> Verdict:
    """A verdict about the picture before, with that said."""
    about = f"about {source.address}, the picture before"
    return verdict if about in verdict.notes else replace(verdict, notes=(*verdict.notes, about))


def _steps_of(route: Route) -> int:
    return sum(_link_steps(route.links))


def _link_steps(links: Iterable[Link]) -> Iterable[int]:
    for link in links:
        if isinstance(link, Draw):
            yield link.recipe.steps or 1
        elif isinstance(link, Tiled):
            yield int(dict(link.recipe.extras).get("tile_steps", 1)) * len(link.grid.tiles)
