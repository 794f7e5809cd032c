"""Grids of pictures: every picture whole, numbered, in an even grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderlock.imaging.picture_grid import GROUND, MAT, WARNING, Cell, draw_band, grid_across, paste_cells
from renderlock.imaging.pixels import Pixels

_COLOURS = [(200, 30, 30), (30, 160, 60), (40, 60, 190), (190, 160, 20), (150, 40, 160)]


def _flat(colour: tuple[int, int, int], height: int = 200, width: int = 200) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


def _drawn(cells: Sequence[Cell], columns: int = 1) -> Pixels:
    """The cells alone, each in a box of 240 pixels across."""
    grid = grid_across([cell.pixels.shape[:2] for cell in cells], columns=columns, width=260 * columns - 20)
    sheet = Image.new("RGB", grid.size, GROUND)
    paste_cells(sheet, (0, 0), cells, grid)
    return np.asarray(sheet)


def _area_of(sheet: Pixels, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Top, left, height and width of the box around a colour."""
    rows, columns = np.nonzero((sheet == np.array(colour)).all(axis=2))
    return int(rows.min()), int(columns.min()), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_pictures_stand_in_reading_order_at_one_size() -> None:
    cells = [Cell(_flat(colour), number, f"seed {number}") for number, colour in enumerate(_COLOURS, 1)]
    sheet = _drawn(cells, columns=3)
    places = [_area_of(sheet, colour) for colour in _COLOURS]
    assert [place[:2] for place in places] == sorted(place[:2] for place in places)
    assert len({place[2:] for place in places}) == 1


def test_pictures_keep_their_shape_and_are_never_cropped() -> None:
    cells = [Cell(_flat(_COLOURS[0], 100, 300), 1, ""), Cell(_flat(_COLOURS[1], 300, 100), 2, "")]
    sheet = _drawn(cells, columns=2)
    wide, tall = (_area_of(sheet, colour) for colour in _COLOURS[:2])
    assert wide[3] / wide[2] == pytest.approx(3, rel=0.03)
    assert tall[2] / tall[3] == pytest.approx(3, rel=0.03)


def test_the_number_and_the_seed_stand_under_the_picture() -> None:
    drawn = [_drawn([Cell(_flat(_COLOURS[0]), *said)]) for said in ((1, "seed 7"), (2, "seed 7"), (1, "seed 8"))]
    top, _, height, _ = _area_of(drawn[0], _COLOURS[0])
    for other in drawn[1:]:
        rows = np.nonzero((drawn[0] != other).any(axis=(1, 2)))[0]
        assert rows.min() > top + height


def test_a_badge_and_a_stamp_lie_on_top_and_at_the_foot() -> None:
    plain, marked = (
        _drawn([Cell(_flat(_COLOURS[0]), 1, "seed", badge, stamp)])
        for badge, stamp in (("", ""), ("typical", "REHEARSAL"))
    )
    top, _, height, _ = _area_of(plain, _COLOURS[0])
    rows = np.nonzero((plain != marked).any(axis=(1, 2)))[0]
    assert rows.min() == top
    assert rows.max() == top + height - 1


def test_a_band_crosses_the_whole_picture_and_tells_its_height() -> None:
    picture = Image.new("RGB", (600, 100), GROUND)
    height = draw_band(picture, 0, "REHEARSAL")
    pixels = np.asarray(picture)
    assert not (pixels[10] == np.array(GROUND)).all(axis=1).any()
    assert (pixels[10] == np.array(WARNING)).all(axis=1).mean() > 0.5
    assert (pixels[height + 1 :] == np.array(GROUND)).all()


def test_transparent_places_show_a_chequered_ground() -> None:
    sheet = _drawn([Cell(np.zeros((64, 64, 4), np.uint8), 1, "")])
    assert {255, 214} <= set(np.unique(sheet[..., 0]).tolist())


def test_small_pictures_are_enlarged_three_times_at_most() -> None:
    sheet = _drawn([Cell(_flat(_COLOURS[0], 20, 20), 1, "")])
    assert _area_of(sheet, _COLOURS[0])[2:] == (60, 60)
    assert (sheet == np.array(MAT)).all(axis=2).any()


@pytest.mark.parametrize("text", ["", "日本語のテスト 😀", "x" * 20_000, "\u202e\x00\n\ud800", "Käse–Straße ½"])
def test_any_caption_can_be_drawn_and_stays_in_its_cell(text: str) -> None:
    first = Cell(_flat(_COLOURS[0]), 10**15, text, text, text)
    sheet = _drawn([first, Cell(_flat(_COLOURS[1]), 2, "")], columns=2)
    assert (sheet[:, 240:260] == np.array(GROUND)).all()


@given(
    shapes=st.lists(st.tuples(st.integers(1, 9000), st.integers(1, 9000)), min_size=1, max_size=60),
    columns=st.integers(1, 12),
)
def test_every_grid_holds_all_cells_fills_its_width_and_is_bounded(shapes: list[tuple[int, int]], columns: int) -> None:
    grid = grid_across(shapes, columns=columns, width=1500)
    assert grid.columns * (grid.rows - 1) < len(shapes) <= grid.columns * grid.rows
    assert 1500 - columns < grid.size[0] <= 1500
    assert grid.box[0] // 2 - 1 <= grid.box[1] <= 2 * grid.box[0]
