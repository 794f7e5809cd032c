from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.errors import TilesUnfit
from renderlock.imaging.tile_layout import TileFile, lay_out
from renderlock.imaging.tile_names import CellName, OffsetName, TilePlace
from renderlock.imaging.tiles import Grid, lay_grid, solve_grid

GRID = solve_grid(300, 200, most=(128, 128), overlap=20)


def by_offset(grid: Grid) -> list[TileFile]:
    return [
        TileFile(f"{tile.left}-{tile.top}.png", tile.width, tile.height, OffsetName(tile.left, tile.top))
        for tile in grid.tiles
    ]


def by_metadata(grid: Grid) -> list[TileFile]:
    return [
        replace(file, place=TilePlace(tile.left, tile.top, grid.width, grid.height, "a"))
        for file, tile in zip(by_offset(grid), grid.tiles, strict=True)
    ]


def by_cell(grid: Grid, first: int = 0) -> list[TileFile]:
    return [
        replace(file, place=CellName(tile.column + first, tile.row + first))
        for file, tile in zip(by_offset(grid), grid.tiles, strict=True)
    ]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(20, 90), st.integers(0, 15))
def test_the_grid_is_found_again_from_places_in_any_order(width: int, height: int, tile: int, overlap: int) -> None:
    grid = lay_grid(width, height, tile=(tile, tile), overlap=overlap)
    files = by_offset(grid)[::-1]

    laid = lay_out(files, overlap=0)

    assert laid.grid == grid
    assert all(files[index].place == OffsetName(one.left, one.top) for one, index in laid.files.items())
    assert lay_out(by_metadata(grid), overlap=0).grid == grid


@pytest.mark.parametrize("first", [0, 1])
def test_rows_and_columns_count_from_zero_or_one_and_take_the_overlap(first: int) -> None:
    grid = lay_grid(236, 128, tile=(128, 128), overlap=20)

    assert lay_out(by_cell(grid, first), overlap=20).grid == grid


def test_deep_zoom_tiles_of_unequal_sizes_are_laid_out() -> None:
    widths = (255, 256, 91)
    files = [TileFile(f"{x}_0.png", width, 100, CellName(x, 0)) for x, width in enumerate(widths)]

    grid = lay_out(files, overlap=2).grid

    assert (grid.width, grid.height, [span.start for span in grid.across]) == (598, 100, [0, 253, 507])


def test_files_without_a_place_are_named() -> None:
    files = [*by_offset(GRID), TileFile("final.png", 300, 200, None)]

    with pytest.raises(TilesUnfit, match=r"final.png: it states no place, unlike the others") as error:
        lay_out(files, overlap=0)
    assert "Name tiles by their place" in error.value.advice


def test_no_place_at_all_names_the_first_files_and_counts_the_rest() -> None:
    with pytest.raises(TilesUnfit, match=r"f0.png: it states no place(.|\n)*and 2 more"):
        lay_out([TileFile(f"f{number}.png", 10, 10, None) for number in range(12)], overlap=0)


def test_a_missing_tile_is_named_by_its_place() -> None:
    files = by_offset(GRID)
    del files[4]

    with pytest.raises(TilesUnfit, match=r"no file for column 1, row 1"):
        lay_out(files, overlap=0)


def test_a_missing_last_column_is_known_from_the_canvas() -> None:
    files = [file for file in by_metadata(GRID) if not file.name.startswith(f"{GRID.across[-1].start}-")]

    with pytest.raises(TilesUnfit, match=r"do not cover 0 to 300"):
        lay_out(files, overlap=0)


def test_two_files_at_one_place_are_named() -> None:
    files = by_offset(GRID)
    files.append(replace(files[0], name="again.png"))

    with pytest.raises(TilesUnfit, match=r"again.png: 0-0.png has the same place"):
        lay_out(files, overlap=0)


def test_a_tile_of_another_size_is_named_with_the_usual_one() -> None:
    files = by_offset(GRID)
    files[1] = replace(files[1], height=90)

    with pytest.raises(TilesUnfit, match=r"it is 114x90, but the others of row 0 are 110 pixels high"):
        lay_out(files, overlap=0)


def test_tiles_of_two_canvases_are_told_apart() -> None:
    files = by_metadata(GRID)
    files[3] = replace(files[3], place=TilePlace(0, GRID.down[1].start, 300, 200, "another"))

    with pytest.raises(TilesUnfit, match="belongs to another canvas"):
        lay_out(files, overlap=0)


def test_tiles_with_a_gap_are_refused() -> None:
    files = [TileFile("a.png", 10, 10, OffsetName(0, 0)), TileFile("b.png", 10, 10, OffsetName(15, 0))]

    with pytest.raises(TilesUnfit, match="there is a gap"):
        lay_out(files, overlap=0)


def test_an_overlap_as_large_as_a_tile_is_refused() -> None:
    with pytest.raises(TilesUnfit, match="cannot overlap by 128"):
        lay_out(by_cell(lay_grid(256, 128, tile=(128, 128), overlap=0)), overlap=128)
