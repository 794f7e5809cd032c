from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.imaging.tile_names import CellName, OffsetName, TilePlace, place_in_name, tile_file_name
from renderlock.imaging.tiles import Tile

PAGE = Path(__file__).parents[2] / "docs" / "merge.md"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("tile-r00-c02-x1792-y896", OffsetName(1792, 896)),
        ("tile_x0_y896", OffsetName(0, 896)),
        ("hero2_x10_y20", OffsetName(10, 20)),
        ("slide [x=0,y=512,w=512,h=512]", OffsetName(0, 512)),
        ("img_y5_x7", OffsetName(7, 5)),
        ("left10top20", OffsetName(10, 20)),
        ("top_20_left_10", OffsetName(10, 20)),
        ("out_r1_c2", CellName(column=2, row=1)),
        ("row-1-col-2", CellName(column=2, row=1)),
        ("Row1_Column2", CellName(column=2, row=1)),
        ("c3_r4", CellName(column=3, row=4)),
        ("3_4", CellName(column=3, row=4)),
        ("photo_01_02", CellName(column=2, row=1)),
    ],
)
def test_places_in_names_of_many_tools_are_read(name: str, place: OffsetName | CellName) -> None:
    assert place_in_name(name) == place


@pytest.mark.parametrize("name", ["photo", "IMG_1234", "max3y4", "hero-2048", "tile-7", "x12", "final_2k"])
def test_names_without_a_place_say_none(name: str) -> None:
    assert place_in_name(name) is None


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 32_000), st.integers(0, 32_000))
def test_our_own_names_say_where_a_tile_lies(column: int, row: int, left: int, top: int) -> None:
    name = tile_file_name(Tile(column, row, left, top, 64, 64))

    assert place_in_name(name.removesuffix(".png")) == OffsetName(left, top)


@given(*[st.integers(0, 32_768)] * 4, st.text(max_size=20))
def test_a_place_survives_its_text(left: int, top: int, width: int, height: int, of: str) -> None:
    place = TilePlace(left, top, width, height, of)

    assert TilePlace.from_text(place.to_text()) == place


@pytest.mark.parametrize(
    "change",
    [{"format": "renderlock tile 9"}, {"left": -1}, {"top": "3"}, {"canvas_width": True}, {"canvas_height": None}],
)
def test_a_text_that_says_no_place_is_refused(change: dict[str, object]) -> None:
    fields = json.loads(TilePlace(0, 0, 10, 10).to_text()) | change

    with pytest.raises(ValueError, match="renderlock-tile"):
        TilePlace.from_text(json.dumps(fields))


def test_every_name_of_the_page_is_read() -> None:
    table = re.findall(r"^\| `([^`]+\.(?:png|jpg|tif))`", PAGE.read_text("utf-8"), re.MULTILINE)

    assert len(table) >= 8
    assert all(place_in_name(name.rsplit(".", 1)[0]) is not None for name in table)
