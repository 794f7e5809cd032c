"""A set of tile files: the tiles of one picture, rendered and written where `merge` finds them, not merged.

The tiles are those a final of that size would be put together from, found in the store where they were rendered before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.finals.finisher import Finisher
from renderlock.actions.finals.grids import TileWish, counts_of, default_overlap, plan_tiling
from renderlock.actions.finals.tiles import Tiles
from renderlock.actions.making import Maker
from renderlock.actions.plan import Job
from renderlock.actions.run import Run, RunWatch, prepare_hosted, verify_lock
from renderlock.actions.single import Wish, single_pipeline
from renderlock.actions.user_files import refuse_other, write_user_file
from renderlock.actions.workspace import Place, store_path_of
from renderlock.engines.base import EngineOptions
from renderlock.engines.capabilities import Capabilities
from renderlock.errors import InputUnusable, Interrupted, NotCapable, TilesImpossible, WouldOverwrite
from renderlock.imaging.pixels import decode_picture, encode_png, read_picture
from renderlock.imaging.tile_names import TILE_KEY, TilePlace, tile_file_name
from renderlock.imaging.tiles import Grid, Tile
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Size
from renderlock.spec.standing import Standing
from renderlock.store.png_texts import texts_of
from renderlock.store.records import Encoded, Made, NewRender, Origin, RenderRecord
from renderlock.store.store import Store

STEP_NAME = "tile"


@dataclass(frozen=True)
class TileSetOptions:
    """Which model renders, where the project is, where the files go, how the run goes, and which picture to start
    from: a file, or the address of a render; None draws one."""

    reference: str
    place: Place
    out: Path
    run: RunOptions
    base: str | None = None


@dataclass(frozen=True)
class TileSet:
    """What was written: the file of each tile, the grid, the base, and what was done differently."""

    grid: Grid
    base: RenderRecord
    files: Mapping[Tile, Path]
    tiles: Tiles
    deviations: tuple[Deviation, ...]


def write_tile_set(wish: Wish, engines: EngineOptions, options: TileSetOptions, watch: RunWatch) -> TileSet:
    """Renders the tiles of one picture and writes each to `options.out`, with its place in its name and its metadata.

    `wish.tiles` says how many; without a size the picture is the model's native one times the grid. Raises as a run
    does, `TilesImpossible`, and `WouldOverwrite`.
    """
    pipeline = replace(
        single_pipeline(wish, options.reference, options.place, name=STEP_NAME), store=store_path_of(options.place)
    )
    if options.out.exists() and not options.out.is_dir():
        raise WouldOverwrite(path=options.out)
    with open_run(pipeline, engines, options.run, watch) as run:
        facts = run.planner.models.engine(run.planner.reference_of(pipeline.steps[0])).capabilities
        sized = replace(pipeline.steps[0], size=wish.size or native_canvas(facts, wish))
        start = None if options.base is None else base_record(run.planner.store, options.base)
        planner = replace(run.planner, pipeline=replace(pipeline, steps=(sized,), ordered_steps=(sized,)))
        run.planner = planner if start is None else replace(planner, given={wish.seeds[0]: start})
        return _written(run, _render(run), options.out)


def native_canvas(facts: Capabilities, wish: Wish) -> Size:
    """The native size times the grid or, where tiles would then be larger than any, less their overlaps."""
    native = facts.sizes.native
    columns, rows = counts_of(wish.tiles or "auto", native)
    across, down = columns or 1, rows or 1
    whole = Size(native.width * across, native.height * down)
    asked = TileWish(wish.tiles or "auto", wish.tile_overlap)
    try:
        plan_tiling(whole, facts.sizes, asked)
    except TilesImpossible:
        overlap = wish.tile_overlap or default_overlap(min(native.width, native.height))
        return Size(whole.width - (across - 1) * overlap, whole.height - (down - 1) * overlap)
    return whole


def base_record(store: Store, base: str) -> RenderRecord:
    """The render of an address, or a picture file, taken into the store as it is; raises as both do."""
    path = Path(base)
    if not path.is_file():
        if not base.startswith(("rl-", "rl1:")):
            action = "Name a picture file, or the address of a render."
            raise InputUnusable(path=path, reason="there is no such file", action=action)
        return store.get(base)
    made = Made(datetime.now(UTC), 0.0)
    picture = Encoded(encode_png(read_picture(path), {}), "image/png")
    source = (("file", path.name),)
    return store.put(NewRender(picture, None, Standing.IMPORTED, Origin(), made, source=source))


def _render(run: Run) -> tuple[Job, RenderRecord, Tiles]:
    """The tiles of the run's one job, with the base they lie on."""
    planner = run.planner
    step = planner.pipeline.steps[0]
    verify_lock(planner, [step])
    prepare_hosted(run, [step])
    (planned,) = planner.plan(step).pictures
    job = planned.job
    if not job.tiled:
        raise NotCapable(model=job.reference, listing="  tiles: the model cannot start from a picture")
    maker = Maker(planner.pipeline.project, planner.store, planner.models, run.watch, run.stop)
    try:
        base, tiles = Finisher(maker, run.workers).make_tiles(job)
    except KeyboardInterrupt as stop:
        raise Interrupted(done=maker.made) from stop
    finally:
        maker.close()
    return job, base, tiles


def _written(run: Run, rendered: tuple[Job, RenderRecord, Tiles], out: Path) -> TileSet:
    job, base, tiles = rendered
    store, grid, files = run.planner.store, tiles.grid, {}
    pictures: dict[Path, bytes] = {}
    for tile, record in sorted(tiles.records.items(), key=lambda one: (one[0].row, one[0].column)):
        place = TilePlace(tile.left, tile.top, grid.width, grid.height, of=base.address)
        assert record.recipe is not None
        texts = {**texts_of(record.recipe, record.standing), TILE_KEY: place.to_text()}
        files[tile] = out / tile_file_name(tile)
        pictures[files[tile]] = encode_png(decode_picture(store.read(record)), texts)
    for path, data in pictures.items():
        refuse_other(path, data)
    for path, data in pictures.items():
        write_user_file(path, data)
    return TileSet(grid, base, files, tiles, tuple(dict.fromkeys((*job.deviations, *tiles.deviations))))
