from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.errors import RecipeError
from renderlock.imaging.tiles import Grid, Seam, Span, cut, lay_grid, solve_grid, split


@st.composite
def sides(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """A canvas side, a largest tile, an overlap and a multiple that fit together."""
    multiple = draw(st.sampled_from([1, 2, 8, 16]))
    most = multiple * draw(st.integers(2, 40))
    overlap = draw(st.integers(0, max(most - 4 * multiple, most // 4)))
    return draw(st.integers(1, 400)), most, overlap, multiple


@given(sides(), sides())
def test_every_canvas_is_covered_by_whole_tiles(x: tuple[int, int, int, int], y: tuple[int, int, int, int]) -> None:
    grid = solve_grid(x[0], y[0], most=(x[1], y[1]), overlap=min(x[2], y[2]), multiple=min(x[3], y[3]))

    widths = {tile.width for tile in grid.tiles}
    assert len(widths) == 1
    assert widths.pop() <= x[1]
    assert (grid.tiles[0].left, grid.tiles[0].top) == (0, 0)
    assert (grid.tiles[-1].right, grid.tiles[-1].bottom) == (x[0], y[0])


@given(sides())
def test_neighbours_overlap_by_at_least_what_was_asked(side: tuple[int, int, int, int]) -> None:
    length, most, overlap, multiple = side
    spans = solve_grid(length, length, most=(most, most), overlap=overlap, multiple=multiple).across
    assert all(first.end - second.start >= overlap for first, second in pairwise(spans))


@given(sides())
def test_tile_sides_and_starts_are_multiples_where_the_canvas_is_larger(side: tuple[int, int, int, int]) -> None:
    length, most, overlap, multiple = side
    overlap -= overlap % multiple

    spans = solve_grid(length, length, most=(most, most), overlap=overlap, multiple=multiple).across

    if len(spans) > 1:
        assert spans[0].length % multiple == 0
        assert all(span.start % multiple == 0 for span in spans[:-1])


@given(sides())
def test_tile_size_and_overlap_alone_give_the_grid_again(side: tuple[int, int, int, int]) -> None:
    length, most, overlap, multiple = side
    solved = solve_grid(length, length, most=(most, most), overlap=overlap, multiple=multiple)

    again = lay_grid(length, length, tile=(solved.tile_width, solved.tile_height), overlap=overlap)

    assert again == solved


def test_few_pixels_are_made_twice_at_2048() -> None:
    grid = solve_grid(2048, 2048, most=(1088, 1088), overlap=128, multiple=8)

    assert (grid.columns, grid.rows, grid.tile_width) == (2, 2, 1088)
    assert grid.redundancy <= 1.15


def test_the_largest_canvas_has_a_grid() -> None:
    grid = solve_grid(32_768, 32_768, most=(1088, 1088), overlap=128, multiple=8)

    assert (grid.tiles[-1].right, grid.tiles[-1].bottom) == (32_768, 32_768)
    assert grid.redundancy < 1.33


def test_columns_and_rows_can_be_fixed() -> None:
    grid = solve_grid(3001, 1000, most=(1024, 1024), overlap=128, multiple=8, counts=(5, 2))

    assert (grid.columns, grid.rows, grid.tile_width) == (5, 2, 704)


def test_fixed_counts_keep_tiles_small_enough() -> None:
    with pytest.raises(RecipeError, match="columns is 2, but must be more"):
        solve_grid(3000, 1000, most=(1024, 1024), overlap=128, counts=(2, None))


def test_more_tiles_than_the_canvas_holds_are_refused() -> None:
    with pytest.raises(RecipeError, match="columns is 16"):
        solve_grid(1000, 1000, most=(1000, 1000), overlap=64, multiple=64, counts=(16, None))


@pytest.mark.parametrize("overlap", [-1, 512, 900])
def test_an_overlap_that_is_no_part_of_a_tile_is_refused(overlap: int) -> None:
    with pytest.raises(RecipeError, match="overlap"):
        solve_grid(2048, 2048, most=(512, 512), overlap=overlap)
    with pytest.raises(RecipeError, match="overlap"):
        lay_grid(2048, 2048, tile=(512, 512), overlap=overlap)


def test_seams_lie_in_the_middle_of_overlaps_and_end_where_seams_cross() -> None:
    grid = solve_grid(100, 50, most=(60, 50), overlap=20)

    assert grid.seam_lines == (Seam("x", 50, 0, 50),)
    assert [(overlap.left, overlap.width, overlap.height) for overlap in grid.overlaps] == [(40, 20, 50)]


def test_tiles_that_only_touch_have_seams_and_no_overlaps() -> None:
    grid = lay_grid(100, 100, tile=(50, 50), overlap=0)

    assert grid.overlaps == ()
    assert len(grid.seam_lines) == 4


@pytest.mark.parametrize("spans", [(), ((0, 5),), ((0, 5), (6, 4)), ((0, 10), (2, 8)), ((1, 9),), ((0, 6), (4, 5))])
def test_a_grid_with_gaps_or_out_of_order_cannot_be(spans: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="spans across"):
        Grid(10, 10, tuple(Span(*span) for span in spans), (Span(0, 10),))


def test_split_gives_every_tile_its_part_of_the_picture() -> None:
    picture = np.arange(30 * 20 * 3, dtype=np.uint16).reshape(20, 30, 3)
    grid = solve_grid(30, 20, most=(12, 9), overlap=3)

    parts = list(split(picture, grid))

    assert [tile for tile, _ in parts] == list(grid.tiles)
    assert all(np.array_equal(part, cut(picture, tile)) for tile, part in parts)
    assert all(np.shares_memory(part, picture) for _, part in parts)
    with pytest.raises(ValueError, match="30x20"):
        list(split(picture[:-1], grid))


def test_a_last_tile_that_does_not_reach_the_end_or_is_larger_than_a_tile_is_refused() -> None:
    assert lay_grid(100, 50, tile=(40, 50), overlap=10, last=(40, 50)).columns == 3
    with pytest.raises(RecipeError, match="40 to 40 pixels"):
        lay_grid(100, 50, tile=(40, 50), overlap=10, last=(32, 50))
    with pytest.raises(RecipeError, match="30 to 40 pixels"):
        lay_grid(90, 50, tile=(40, 50), overlap=10, last=(48, 50))


def test_a_smaller_last_tile_ends_with_the_canvas() -> None:
    grid = lay_grid(90, 70, tile=(40, 40), overlap=10, last=(32, 40))

    assert grid.across == (Span(0, 40), Span(30, 40), Span(58, 32))
    assert grid.down == (Span(0, 40), Span(30, 40))
