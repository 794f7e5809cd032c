"""`tile`: the tiles of one large picture, as files that `merge` puts together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.campaign import RunOptions
from renderlock.actions.finals.tile_set import TileSet, TileSetOptions, write_tile_set
from renderlock.actions.single import Wish
from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import (
    DEFAULT_FILE,
    FileOption,
    JsonOption,
    ProgressOption,
    SizeOption,
    StoreOption,
    WorkersOption,
    parse_size,
    place_of,
)
from renderlock.cli.progress import follow
from renderlock.engines.base import EngineOptions
from renderlock.settings import current_settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def tile(
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What the whole picture shows.")],
    tiles: Annotated[str, typer.Option("--tiles", help="How many: a number, COLUMNSxROWS, or auto.")] = "auto",
    model: Annotated[str, typer.Option("--model", "-m", help="The model's reference.")] = "embedded",
    size: SizeOption = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The seed of the picture.")] = 0,
    out: Annotated[Path, typer.Option("--out", help="The folder for the tiles.")] = Path("tiles"),
    overlap: Annotated[int | None, typer.Option("--overlap", min=0, help="Least overlap of neighbours, px.")] = None,
    base: Annotated[str | None, typer.Option("--base", help="The picture to enlarge: a file, or rl-….")] = None,
    upscaler: Annotated[
        str | None, typer.Option("--upscaler", help="What enlarges; default: the project's, or lanczos.")
    ] = None,
    negative_prompt: Annotated[str, typer.Option("--negative-prompt", help="What to keep away from.")] = "",
    steps: Annotated[int | None, typer.Option("--steps", help="Denoising steps.")] = None,
    guidance_scale: Annotated[float | None, typer.Option("--guidance-scale", help="Guidance scale.")] = None,
    sampler: Annotated[str | None, typer.Option("--sampler", help="A sampler's name, e.g. euler.")] = None,
    workers: WorkersOption = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
    progress: ProgressOption = True,
) -> None:
    """Render the tiles of one large picture; `renderlock merge` puts them together.

    Without --size the picture is the model's native size times the grid. Without --base the model draws the whole
    picture small first, and every tile is drawn over its part of that. A model that cannot start from a picture
    draws it once, as large as it can; it is enlarged behind the upscaler gate, and cut.
    """
    settings = current_settings()
    wish = Wish(
        prompt=prompt,
        seeds=(seed,),
        negative_prompt=negative_prompt,
        size=parse_size(size),
        steps=steps,
        guidance_scale=guidance_scale,
        sampler=sampler,
        tiles=tiles,
        tile_overlap=overlap,
    )
    run = RunOptions(rehearse=settings.rehearse, workers=workers)
    options = TileSetOptions(model, place_of(file, store), out, run, base, upscaler)
    with follow(shown=progress) as watch:
        made = write_tile_set(wish, EngineOptions.of(settings), options, watch)
    if json:
        answer_json(_as_json(made))
    else:
        _show(made, out)


def _show(made: TileSet, out: Path) -> None:
    for path in made.files.values():
        answer(str(path))
    grid = made.grid
    largest = f"{grid.tile_width}x{grid.tile_height}"
    say(f"{grid.columns}x{grid.rows} tiles of at most {largest} for {grid.width}x{grid.height}")
    for deviation in made.deviations:
        say(f"deviation: {deviation}")
    say(f"  → renderlock merge --input '{out}/*.png' --output final.png")


def _as_json(made: TileSet) -> dict[str, object]:
    grid = made.grid
    return {
        "width": grid.width,
        "height": grid.height,
        "columns": grid.columns,
        "rows": grid.rows,
        "tile_width": grid.tile_width,
        "tile_height": grid.tile_height,
        "redundancy": round(grid.redundancy, 4),
        "base": made.base.address,
        "cut_from": None if made.cut_from is None else made.cut_from.address,
        "deviations": [deviation.to_json() for deviation in made.deviations],
        "tiles": [
            {
                "column": tile.column,
                "row": tile.row,
                "left": tile.left,
                "top": tile.top,
                "file": str(path),
                "address": made.records[tile].address if tile in made.records else None,
                "seconds": made.records[tile].made.seconds if tile in made.records else None,
            }
            for tile, path in made.files.items()
        ],
    }
