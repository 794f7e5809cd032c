"""Contact sheets: every picture whole, numbered, in an even grid of bounded size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderlock.errors import UsageError
from renderlock.imaging.contact_sheet import GROUND, LARGEST_SIDE_PX, MAT, Cell, contact_sheet, grid_across, plan_grid
from renderlock.imaging.pixels import Pixels

_COLOURS = [(200, 30, 30), (30, 160, 60), (40, 60, 190), (190, 160, 20), (150, 40, 160)]


def _flat(colour: tuple[int, int, int], height: int = 200, width: int = 200) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


def _area_of(sheet: Pixels, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Top, left, height and width of the box around a colour."""
    rows, columns = np.nonzero((sheet == np.array(colour)).all(axis=2))
    return int(rows.min()), int(columns.min()), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_pictures_stand_in_reading_order_at_one_size() -> None:
    cells = [Cell(_flat(colour), number, f"seed {number}") for number, colour in enumerate(_COLOURS, 1)]
    sheet = contact_sheet(cells, "five")
    places = [_area_of(sheet, colour) for colour in _COLOURS]
    assert [place[:2] for place in places] == sorted(place[:2] for place in places)
    assert len({place[2:] for place in places}) == 1


def test_pictures_keep_their_shape_and_are_never_cropped() -> None:
    cells = [Cell(_flat(_COLOURS[0], 100, 300), 1, ""), Cell(_flat(_COLOURS[1], 300, 100), 2, "")]
    sheet = contact_sheet(cells, "two")
    wide, tall = (_area_of(sheet, colour) for colour in _COLOURS[:2])
    assert wide[3] / wide[2] == pytest.approx(3, rel=0.03)
    assert tall[2] / tall[3] == pytest.approx(3, rel=0.03)


def test_the_number_and_the_seed_stand_under_the_picture() -> None:
    captions = [
        contact_sheet([Cell(_flat(_COLOURS[0]), number, caption)], "t")
        for number, caption in ((1, "seed 7"), (2, "seed 7"), (1, "seed 8"))
    ]
    top, _, height, _ = _area_of(captions[0], _COLOURS[0])
    for other in captions[1:]:
        rows = np.nonzero((captions[0] != other).any(axis=(1, 2)))[0]
        assert rows.min() > top + height


def test_a_badge_and_a_stamp_lie_on_top_and_at_the_foot() -> None:
    plain, marked = (
        contact_sheet([Cell(_flat(_COLOURS[0]), 1, "seed", badge, stamp)], "t")
        for badge, stamp in (("", ""), ("typical", "REHEARSAL"))
    )
    top, _, height, _ = _area_of(plain, _COLOURS[0])
    rows = np.nonzero((plain != marked).any(axis=(1, 2)))[0]
    assert rows.min() == top
    assert rows.max() == top + height - 1


def test_a_notice_crosses_the_whole_sheet() -> None:
    sheet = contact_sheet([Cell(_flat(_COLOURS[0]), 1, "seed")], "t", notice="REHEARSAL")
    assert not (sheet[10] == np.array(GROUND)).all(axis=1).any()


def test_transparent_places_show_a_chequered_ground() -> None:
    clear = np.zeros((64, 64, 4), np.uint8)
    sheet = contact_sheet([Cell(clear, 1, "")], "t")
    assert {255, 214} <= set(np.unique(sheet[..., 0]).tolist())


def test_small_pictures_are_enlarged_three_times_at_most() -> None:
    sheet = contact_sheet([Cell(_flat(_COLOURS[0], 20, 20), 1, "")], "t")
    assert _area_of(sheet, _COLOURS[0])[2:] == (60, 60)
    assert (sheet == np.array(MAT)).all(axis=2).any()


@pytest.mark.parametrize("count", [0, 201])
def test_no_pictures_or_too_many_are_refused(count: int) -> None:
    with pytest.raises(UsageError):
        contact_sheet([Cell(_flat(_COLOURS[0], 4, 4), 1, "")] * count, "t")


@pytest.mark.parametrize("text", ["", "日本語のテスト 😀", "x" * 20_000, "\u202e\x00\n\ud800", "Käse–Straße ½"])
def test_any_title_and_caption_can_be_drawn(text: str) -> None:
    sheet = contact_sheet(
        [Cell(_flat(_COLOURS[0], 64, 64), 10**15, text, text, text)], text, subtitle=text, notice=text
    )
    assert max(sheet.shape) < 1200


@pytest.mark.parametrize("shape", [(1, 1), (1, 8000), (8000, 1)])
def test_the_largest_sheet_of_extreme_shapes_stays_bounded(shape: tuple[int, int]) -> None:
    sheet = contact_sheet([Cell(_flat(_COLOURS[0], *shape), 1, "seed 1")] * 200, "extreme", subtitle="s", notice="n")
    assert max(sheet.shape[:2]) <= LARGEST_SIDE_PX


@settings(max_examples=settings().max_examples * 2)
@given(
    count=st.integers(1, 200),
    shapes=st.lists(st.tuples(st.integers(1, 9000), st.integers(1, 9000)), min_size=1, max_size=5),
)
def test_every_grid_holds_all_cells_within_bounds_and_wastes_less_than_a_row(
    count: int, shapes: list[tuple[int, int]]
) -> None:
    grid = plan_grid([shapes[at % len(shapes)] for at in range(count)])
    assert grid.columns * (grid.rows - 1) < count <= grid.columns * grid.rows
    assert max(grid.size) <= LARGEST_SIDE_PX - 300
    assert min(grid.box) >= 30


def test_ten_squares_stand_five_by_two() -> None:
    grid = plan_grid([(512, 512)] * 10)
    assert (grid.columns, grid.rows) == (5, 2)


def test_a_grid_across_fills_its_width() -> None:
    grid = grid_across([(512, 512)] * 7, columns=4, width=1500)
    assert 1500 - grid.columns < grid.size[0] <= 1500
    assert grid.rows == 2
