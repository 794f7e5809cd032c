"""The tiles of one picture: each a job of its own, found by its recipe, rendered where it is missing, retried alone.

Which tiles there are follows from the whole picture's recipe and its base, so a run that was killed goes on with the
tiles it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from renderlock.actions.finals.bases import base_canvas
from renderlock.actions.finals.canvas import Canvas
from renderlock.actions.finals.links import grid_of_recipe, tile_recipe
from renderlock.actions.finals.rung_recipes import under_rungs
from renderlock.actions.jobs import Job
from renderlock.actions.making import Maker, Tally, Work
from renderlock.errors import Interrupted, OutOfMemory, StoreFull, StoreUnusable
from renderlock.executors.in_process import Stop, run_jobs
from renderlock.imaging.pixels import digest_pixels
from renderlock.imaging.tiles import Grid, Tile
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Recipe
from renderlock.store.records import RenderRecord


@dataclass(frozen=True)
class TileJob:
    """One tile to have: where it lies, and its exact recipe."""

    tile: Tile
    recipe: Recipe


@dataclass(frozen=True)
class Tiles:
    """The tiles of a picture, row by row, each with its record."""

    grid: Grid
    records: Mapping[Tile, RenderRecord]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where each tile is, in the order of the grid."""
        return tuple(self.records[tile].address for tile in self.grid.tiles)

    @property
    def seconds(self) -> float:
        """What rendering all of them took, one after another."""
        return sum(record.made.seconds for record in self.records.values())

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """What was done differently in any of them, each once."""
        noted = (deviation for record in self.records.values() for deviation in record.deviations)
        return tuple(dict.fromkeys(noted))


def plan_tile_jobs(whole: Recipe, canvas: Canvas) -> tuple[TileJob, ...]:
    """Every tile of a picture with its recipe; `whole` is the picture's recipe with its start."""
    grid = grid_of_recipe(whole)
    shares_noise = dict(whole.extras)["noise"] == "canvas"
    # Where noise is cut from the canvas's, a window on the base names the crop, and no pixel is needed to plan.
    crops = ("" if shares_noise else digest_pixels(canvas.cut(tile)) for tile in grid.tiles)
    return tuple(TileJob(tile, tile_recipe(whole, tile, crop)) for tile, crop in zip(grid.tiles, crops, strict=True))


@dataclass(frozen=True)
class TileMaker:
    """Makes the tiles of one job's picture, up to `workers` side by side."""

    maker: Maker
    job: Job
    workers: int
    tally: Tally

    def make(self, whole: Recipe, base: RenderRecord) -> Tiles:
        """All tiles of the picture `whole` over a base.

        Raises the error of the first tile that failed once the others have ended, and `Interrupted`; what was
        rendered is kept.
        """
        canvas = base_canvas(self.maker.store, base, whole)
        planned = plan_tile_jobs(whole, canvas)
        found = self._found(planned)
        missing = [one for one in planned if one.tile not in found]
        self._count_known(len(found), whole)
        rendered = dict(self._render(missing, canvas, base))
        return Tiles(grid_of_recipe(whole), found | rendered)

    def _found(self, planned: Sequence[TileJob]) -> dict[Tile, RenderRecord]:
        """The tiles that are there, also those that came out under a rung of the memory ladder."""
        wanted = {one.tile: [recipe.digest for recipe in under_rungs(one.recipe, self.job.rungs)] for one in planned}
        known = self.maker.store.find_all(
            [digest for all_of in wanted.values() for digest in all_of], self.job.standing
        )
        there = {tile: next((digest for digest in all_of if digest in known), None) for tile, all_of in wanted.items()}
        return {tile: known[digest] for tile, digest in there.items() if digest is not None}

    def _render(
        self, missing: Sequence[TileJob], canvas: Canvas, base: RenderRecord
    ) -> Iterator[tuple[Tile, RenderRecord]]:
        # A tile that ran out stops the tiles, not the run: the final comes out by another route.
        stop, errors = Stop(within=self.maker.stop), []

        def draw(one: TileJob) -> RenderRecord:
            where = (("base", base.address), ("canvas", str(canvas.size)), ("tile", str(one.tile)))
            work = Work(one.recipe, canvas.cut(one.tile), source=where)
            return self.maker.draw(self.job, work, self.tally)

        with closing(run_jobs(missing, draw, workers=self.workers, stop=stop)) as ended:
            for outcome in ended:
                # Neither another tile of the size that did not fit nor one that cannot be kept is worth its time.
                if isinstance(outcome.error, OutOfMemory | StoreFull | StoreUnusable):
                    raise outcome.error
                if outcome.error is not None:
                    errors.append(outcome.error)
                elif outcome.result is not None:
                    yield outcome.job.tile, outcome.result
        if self.maker.stop.asked:
            raise Interrupted(done=self.maker.made)
        if errors:
            raise errors[0]

    def _count_known(self, tiles: int, whole: Recipe) -> None:
        steps = dict(whole.extras).get("tile_steps", 1)
        for _ in range(tiles * int(steps)):
            self.tally.count()
