from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.imaging.collected import Given, merged, noise

from renderlock.imaging.merge import PixelsSource, merge_tiles
from renderlock.imaging.merge.windows import ramp
from renderlock.imaging.pixels import Raster
from renderlock.imaging.tiles import Grid, Span, Tile, lay_grid


def float_feather(grid: Grid, tiles: dict[Tile, Raster], channels: int) -> NDArray[np.float64]:
    """The same feather in float64 over the whole canvas, as one would write it down."""
    total = np.zeros((grid.height, grid.width, channels))
    weight = np.zeros((grid.height, grid.width, 1))
    for tile, pixels in tiles.items():
        window = np.ones((tile.height, tile.width))
        if tile.column:
            over = grid.across[tile.column - 1].end - tile.left
            window[:, :over] *= ramp(over)
        if tile.column + 1 < grid.columns:
            over = tile.right - grid.across[tile.column + 1].start
            window[:, tile.width - over :] *= ramp(over)[::-1]
        if tile.row:
            over = grid.down[tile.row - 1].end - tile.top
            window[:over] *= ramp(over)[:, None]
        if tile.row + 1 < grid.rows:
            over = tile.bottom - grid.down[tile.row + 1].start
            window[tile.height - over :] *= ramp(over)[::-1, None]
        place = np.s_[tile.top : tile.bottom, tile.left : tile.right]
        total[place] += pixels * window[..., None]
        weight[place] += window[..., None]
    return np.asarray(total / weight)


@pytest.mark.parametrize(("bits", "most"), [(8, 1.6), (16, 2.0)])
def test_whole_numbers_give_what_floats_give(bits: int, most: float) -> None:
    grid = lay_grid(150, 130, tile=(64, 56), overlap=24)
    tiles = {tile: noise(tile.width, tile.height, bits=bits, seed=index) for index, tile in enumerate(grid.tiles)}

    result, _ = merged(grid, Given(tiles), "hann")

    assert np.abs(result - float_feather(grid, tiles, 3)).max() < most


def test_colours_count_as_much_as_they_are_seen() -> None:
    grid = Grid(12, 1, (Span(0, 8), Span(4, 8)), (Span(0, 1),))
    red = np.full((1, 8, 4), (200, 0, 0, 255), np.uint8)
    unseen_blue = np.full((1, 8, 4), (0, 0, 200, 0), np.uint8)

    result, _ = merged(grid, Given(dict(zip(grid.tiles, (red, unseen_blue), strict=True))), "hann")

    assert (result[0, :8, :3] == (200, 0, 0)).all()
    assert (np.diff(result[0, 4:8, 3].astype(int)) < 0).all()


def test_memory_is_set_by_a_row_of_tiles_not_by_the_canvas() -> None:
    class Counting:
        rows = 0

        def write(self, rows: Raster) -> None:
            self.rows += len(rows)

        def close(self) -> None:
            """Nothing is left to do."""

    grid = lay_grid(1024, 8192, tile=(256, 256), overlap=32)
    picture = np.zeros((8192, 1024, 3), np.uint8)
    sink = Counting()

    tracemalloc.start()
    merge_tiles(grid, PixelsSource(picture), sink, blend="hann")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert sink.rows == 8192
    assert peak < picture.nbytes / 4
