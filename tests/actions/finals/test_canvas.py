"""The base at a final's size, tile by tile: the parts are those of the whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from renderlock.actions.finals.bases import base_canvas
from renderlock.actions.finals.canvas import Canvas
from renderlock.imaging.pixels import Pixels, fit_to
from renderlock.imaging.tiles import Tile, solve_grid
from renderlock.spec.identity import ModelKey
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store.records import Made, NewRender, Origin
from renderlock.store.store import Store


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


@pytest.mark.parametrize("channels", [3, 4])
def test_a_large_base_lies_in_a_file_and_shows_the_same_pixels(channels: int, tmp_path: Path) -> None:
    picture = np.random.default_rng(7).integers(0, 256, (640, 1024, channels), np.uint8)
    whole = Recipe(ModelKey("engine", "model", "1", "1", ""), "a hill", 0, Size(2048, 1280))
    with Store.create(tmp_path / "store") as store:
        made = Made(datetime(2026, 1, 1, tzinfo=UTC), 1.0)
        base = store.put(NewRender(picture, None, Standing.IMPORTED, Origin(), made))

        canvas = base_canvas(store, base, whole)

    assert isinstance(canvas.padded, np.memmap)
    assert np.array_equal(canvas.base, picture if channels == 3 else fit_to(picture, 1024, 640))
    tile = Tile(0, 0, 300, 200, 256, 256)
    assert np.array_equal(canvas.cut(tile), Canvas.over(picture, whole.size).cut(tile))
