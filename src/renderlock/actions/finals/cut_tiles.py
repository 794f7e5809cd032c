"""Tiles that are cut from one picture: for models that cannot start from a picture, so that no tile can be drawn alone.

Merged again they are that picture, bit for bit; each file says where it lies and what was done differently.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from renderlock.actions.finals.grids import TileWish, counts_of, default_overlap
from renderlock.imaging.pixels import encode_png
from renderlock.imaging.tile_names import TILE_KEY, TilePlace
from renderlock.imaging.tiles import Grid, Tile, solve_grid
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Size

DEVIATIONS_KEY = "renderlock-deviations"
"""The PNG text that says, as a JSON list, what in a tile was done differently from what was asked."""


def cut_grid(canvas: Size, native: Size, wish: TileWish) -> Grid:
    """The grid that a picture is cut in: as many tiles as asked or, for `auto`, of about the model's native size.

    Raises `RecipeError` where no such grid exists.
    """
    columns, rows = counts_of(wish.count, canvas)
    most = native if wish.count == "auto" else canvas
    overlap = default_overlap(min(native.width, native.height)) if wish.overlap is None else wish.overlap
    return solve_grid(
        canvas.width, canvas.height, most=(most.width, most.height), overlap=overlap, counts=(columns, rows)
    )


def cut_pictures(path: Path, grid: Grid, address: str, deviations: Sequence[Deviation]) -> Iterator[tuple[Tile, bytes]]:
    """Each tile of the picture file at `path` with the bytes of its own file, row by row."""
    # Loaded here as libvips takes longer to load than planning does.
    from renderlock.imaging.regions import PictureReader  # noqa: PLC0415

    reader = PictureReader(path, "regions")
    noted = json.dumps([deviation.to_json() for deviation in deviations], ensure_ascii=False, sort_keys=True)
    for tile in grid.tiles:
        place = TilePlace(tile.left, tile.top, grid.width, grid.height, of=address)
        # Pictures of the store have 8 bits.
        pixels = np.asarray(reader.read_region(tile.left, tile.top, tile.width, tile.height), np.uint8)
        yield tile, encode_png(pixels, {TILE_KEY: place.to_text(), DEVIATIONS_KEY: noted})
