"""A set of tile files: the tiles of one picture, made and written where `merge` finds them, not merged.

The tiles are those a final of that size would be put together from, found in the store where they were rendered before.
Of a model that cannot start from a picture they are cut from its one picture, enlarged where it has to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.finals.cut_tiles import cut_grid, cut_pictures
from renderlock.actions.finals.finisher import Finisher
from renderlock.actions.finals.grids import TileWish, counts_of, default_overlap, plan_tiling
from renderlock.actions.finals.route_planner import NO_START
from renderlock.actions.finals.tiles import Tiles
from renderlock.actions.jobs import Job, Planned
from renderlock.actions.making import Maker
from renderlock.actions.run import Run, RunWatch, prepare_hosted, verify_lock
from renderlock.actions.single import Wish, single_pipeline
from renderlock.actions.user_files import refuse_other, write_user_file
from renderlock.actions.workspace import Place, store_path_of
from renderlock.engines.base import EngineOptions
from renderlock.engines.capabilities import Capabilities
from renderlock.errors import InputUnusable, Interrupted, TilesImpossible, WouldOverwrite
from renderlock.imaging.decoding import decode_picture, read_picture
from renderlock.imaging.pixels import encode_png
from renderlock.imaging.tile_names import TILE_KEY, TilePlace, tile_file_name
from renderlock.imaging.tiles import Grid, Tile
from renderlock.spec.deviation import Deviation
from renderlock.spec.pipeline import Pipeline
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.recipe import Size
from renderlock.spec.roles import Role
from renderlock.spec.standing import Standing
from renderlock.store.png_texts import texts_of
from renderlock.store.records import Encoded, Made, NewRender, Origin, RenderRecord
from renderlock.store.store import Store

STEP_NAME = "tile"


@dataclass(frozen=True)
class TileSetOptions:
    """Which model renders, where the project is, where the files go, and how the run goes.

    `base` is the picture to start from: a file, or the address of a render; None draws one. `upscaler` enlarges what
    a model draws too small and cannot draw over; None is the project's, or plain interpolation.
    """

    reference: str
    place: Place
    out: Path
    run: RunOptions
    base: str | None = None
    upscaler: str | None = None


@dataclass(frozen=True)
class TileSet:
    """What was written: the file of each tile, the grid, the base, and what was done differently.

    `records` holds the render of each tile; where the tiles are cut from one picture it is empty, and `cut_from` is
    that picture.
    """

    grid: Grid
    base: RenderRecord
    files: Mapping[Tile, Path]
    deviations: tuple[Deviation, ...]
    records: Mapping[Tile, RenderRecord]
    cut_from: RenderRecord | None = None


def write_tile_set(wish: Wish, engines: EngineOptions, options: TileSetOptions, watch: RunWatch) -> TileSet:
    """Renders the tiles of one picture and writes each to `options.out`, with its place in its name and its metadata.

    `wish.tiles` says how many; without a size the picture is the model's native one times the grid. Raises as a run
    does, `TilesImpossible`, `RecipeError` for tiles that cannot be cut, and `WouldOverwrite`.
    """
    pipeline = _pipeline(wish, options)
    if options.out.exists() and not options.out.is_dir():
        raise WouldOverwrite(path=options.out)
    with open_run(pipeline, engines, options.run, watch) as run:
        facts = run.planner.models.engine(run.planner.reference_of(pipeline.steps[0])).capabilities
        sized = replace(pipeline.steps[0], size=wish.size or native_canvas(facts, wish))
        planner = replace(run.planner, pipeline=replace(pipeline, steps=(sized,), ordered_steps=(sized,)))
        if not facts.img2img:
            if options.base is not None:
                action = "Enlarge it with `renderlock upscale`, or name a model that can start from a picture."
                raise InputUnusable(path=Path(options.base), reason=NO_START, action=action)
            run.planner = planner
            return _cut(run, wish, options.out)
        start = None if options.base is None else base_record(run.planner.store, options.base)
        run.planner = planner if start is None else replace(planner, given={wish.seeds[0]: start})
        return _written(run, _render(run), options.out)


def _pipeline(wish: Wish, options: TileSetOptions) -> Pipeline:
    """The pipeline of the one picture, with the project's store, upscaler and limits of gates."""
    single = single_pipeline(wish, options.reference, options.place, name=STEP_NAME)
    single = replace(single, store=store_path_of(options.place))
    project = load_pipeline(options.place.file) if options.place.file.is_file() else None
    upscaler = options.upscaler or (project and project.models.get(Role.UPSCALER))
    models = {**single.models, Role.UPSCALER: upscaler} if upscaler else single.models
    return replace(single, models=models, gates=project.gates if project else {})


def native_canvas(facts: Capabilities, wish: Wish) -> Size:
    """The native size times the grid or, where tiles would then be larger than any, less their overlaps."""
    native = facts.sizes.native
    columns, rows = counts_of(wish.tiles or "auto", native)
    across, down = columns or 1, rows or 1
    whole = Size(native.width * across, native.height * down)
    if not facts.img2img:
        return whole
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
    job = _planned(run).job
    with _making(run) as maker:
        base, tiles = Finisher(maker, run.workers).make_tiles(job)
    return job, base, tiles


def _cut(run: Run, wish: Wish, out: Path) -> TileSet:
    """The tiles cut from the run's one picture, drawn in one piece and enlarged where it has to be."""
    step = run.planner.pipeline.steps[0]
    facts = run.planner.models.engine(run.planner.reference_of(step)).capabilities
    assert step.size is not None
    grid = cut_grid(step.size, facts.sizes.native, TileWish(wish.tiles or "auto", wish.tile_overlap))
    planned = _planned(run)
    with _making(run) as maker:
        whole = planned.record or Finisher(maker, run.workers, run.planner.pipeline.gates).make(planned.job)
    store = run.planner.store
    drawn = dict(whole.source).get("from")
    others = tuple(one for one in whole.deviations if one.field not in ("tiles", "tile_overlap"))
    asked = f"{wish.tiles or 'auto'}, each drawn over its part of a base"
    deviations = (
        *others,
        Deviation("tiles", asked, f"{len(grid.tiles)} cut from one picture of {step.size}", NO_START),
    )
    files = _write(out, cut_pictures(store.path_of(whole), grid, whole.address, deviations))
    return TileSet(grid, store.get(drawn) if drawn else whole, files, deviations, {}, whole)


def _planned(run: Run) -> Planned:
    """The run's one picture, once its model may be used and can be reached."""
    planner = run.planner
    step = planner.pipeline.steps[0]
    verify_lock(planner, [step])
    prepare_hosted(run, [step])
    (planned,) = planner.plan(step).pictures
    return planned


@contextmanager
def _making(run: Run) -> Iterator[Maker]:
    """A maker for the run; an interrupt says how many pictures there are."""
    planner = run.planner
    maker = Maker(planner.pipeline.project, planner.store, planner.models, run.watch, run.stop)
    try:
        yield maker
    except KeyboardInterrupt as stop:
        raise Interrupted(done=maker.made) from stop
    finally:
        maker.close()


def _written(run: Run, rendered: tuple[Job, RenderRecord, Tiles], out: Path) -> TileSet:
    job, base, tiles = rendered
    files = _write(out, _drawn_pictures(run.planner.store, tiles, base))
    deviations = tuple(dict.fromkeys((*job.deviations, *tiles.deviations)))
    return TileSet(tiles.grid, base, files, deviations, tiles.records)


def _drawn_pictures(store: Store, tiles: Tiles, base: RenderRecord) -> Iterator[tuple[Tile, bytes]]:
    """Each tile with the bytes of its file, row by row."""
    grid = tiles.grid
    for tile, record in sorted(tiles.records.items(), key=lambda one: (one[0].row, one[0].column)):
        place = TilePlace(tile.left, tile.top, grid.width, grid.height, of=base.address)
        assert record.recipe is not None
        texts = {**texts_of(record.recipe, record.standing), TILE_KEY: place.to_text()}
        yield tile, encode_png(decode_picture(store.read(record)), texts)


def _write(out: Path, pictures: Iterator[tuple[Tile, bytes]]) -> Mapping[Tile, Path]:
    """Writes each tile's file once it is certain that no other file is in the way; raises `WouldOverwrite`."""
    data = dict(pictures)
    files = {tile: out / tile_file_name(tile) for tile in data}
    for tile, path in files.items():
        refuse_other(path, data[tile])
    for tile, path in files.items():
        write_user_file(path, data[tile])
    return files
