"""The base at a final's size, tile by tile: the parts are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from renderlock.actions.finals.canvas import Canvas
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.tiles import Tile, solve_grid
from renderlock.spec.recipe import Size


@pytest.fixture(scope="module")
def base() -> Pixels:
    return np.random.default_rng(5).integers(0, 256, (64, 96, 3), np.uint8)


@pytest.mark.parametrize("size", [Size(384, 256), Size(777, 333), Size(300, 301), Size(50, 33)])
def test_tiles_cut_from_the_canvas_are_the_parts_of_the_whole(base: Pixels, size: Size) -> None:
    canvas = Canvas.over(base, size)
    whole = canvas.cut(Tile(0, 0, 0, 0, size.width, size.height)).astype(int)

    grid = solve_grid(size.width, size.height, most=(120, 90), overlap=8)

    for tile in grid.tiles:
        part = whole[tile.top : tile.bottom, tile.left : tile.right]
        # Pillow scales in two passes of 8 bits, and its boxes are single precision.
        assert np.abs(canvas.cut(tile) - part).max() <= 2


def test_a_canvas_of_another_shape_shows_the_middle_of_the_base(base: Pixels) -> None:
    assert Canvas.over(base, Size(128, 128)).box == (16.0, 0.0, 80.0, 64.0)
    assert Canvas.over(base, Size(192, 64)).box == (0.0, 16.0, 96.0, 48.0)


def test_alpha_is_laid_on_white() -> None:
    clear = np.zeros((8, 8, 4), np.uint8)

    assert Canvas.over(clear, Size(16, 16)).cut(Tile(0, 0, 0, 0, 16, 16)).min() == 255
