"""Grids of finals: legal tiles for every canvas, few pixels twice, and a refusal that says what would work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.actions.finals.grids import TileWish, grid_of, last_tile, plan_tiling
from renderlock.engines.capabilities import SizeRule
from renderlock.errors import TilesImpossible
from renderlock.spec.recipe import Size, TilingPlan

SMALL = SizeRule(Size(128, 128), 16, 64, 512, 512 * 512)
COARSE = SizeRule(Size(128, 128), 32, 64, 512, 512 * 512)
LARGE = SizeRule(Size(1024, 1024), 64, 512, 2048, 2048 * 2048)
LISTED = SizeRule(Size(1024, 1024), 1, 1, 2048, 2048**2, (Size(1024, 1024), Size(1216, 832)))


@given(st.integers(64, 9000), st.integers(64, 9000))
def test_every_tile_of_every_canvas_is_of_a_size_the_model_renders(width: int, height: int) -> None:
    canvas = Size(width, height)

    plan = plan_tiling(canvas, SMALL, TileWish())

    grid = grid_of(canvas, plan, last_tile(canvas, plan, SMALL))
    assert all(SMALL.allows(Size(tile.width, tile.height)) for tile in grid.tiles)
    assert (grid.width, grid.height) == (width, height)
    assert 2 * min(tile.width for tile in grid.tiles) >= plan.tile.width


@pytest.mark.parametrize("rule", [SMALL, COARSE, LARGE])
@pytest.mark.parametrize("side", [1024, 2048, 4096, 8192])
def test_at_most_15_percent_of_the_pixels_are_made_twice(rule: SizeRule, side: int) -> None:
    canvas = Size(side, side)
    plan = plan_tiling(canvas, rule, TileWish())

    assert grid_of(canvas, plan, last_tile(canvas, plan, rule)).redundancy <= 1.15


def test_the_last_tile_leaves_out_what_whole_cells_have_too_much() -> None:
    canvas = Size(2048, 2048)
    plan = plan_tiling(canvas, COARSE, TileWish())

    grid = grid_of(canvas, plan, last_tile(canvas, plan, COARSE))

    assert [span.length for span in grid.across] == [448, 448, 448, 448, 352]
    assert {overlap.width for overlap in grid.overlaps if overlap.axis == "x"} == {plan.overlap}


def test_a_tile_of_a_listed_size_has_no_smaller_one() -> None:
    canvas, plan = Size(1500, 1500), TilingPlan(Size(1024, 1024), 48)

    assert last_tile(canvas, plan, LISTED) == plan.tile


def test_four_tiles_of_a_square_are_two_by_two_and_six_of_a_wide_picture_three_by_two() -> None:
    four, six = (
        grid_of(canvas, plan_tiling(canvas, SMALL, TileWish(count)))
        for canvas, count in ((Size(800, 800), "4"), (Size(1200, 800), "6"))
    )

    assert (four.columns, four.rows) == (2, 2)
    assert (six.columns, six.rows) == (3, 2)


def test_a_written_grid_is_taken_as_columns_by_rows() -> None:
    canvas = Size(1000, 900)

    grid = grid_of(canvas, plan_tiling(canvas, SMALL, TileWish("4x2", 32)))

    assert (grid.columns, grid.rows) == (4, 2)


@pytest.mark.parametrize(
    ("canvas", "wish", "words"),
    [
        (Size(2048, 2048), TileWish("1"), "takes 5 columns or more, not 1"),
        (Size(2048, 2048), TileWish("4"), "takes 5 columns or more, not 2"),
        (Size(100, 100), TileWish("16"), "fewer than 4 columns"),
        (Size(3000, 40), TileWish(), "fewer than the model's smallest side, 64"),
        (Size(2048, 2048), TileWish("auto", 512), "the overlap is 512"),
    ],
)
def test_what_cannot_be_laid_is_refused_with_what_can(canvas: Size, wish: TileWish, words: str) -> None:
    with pytest.raises(TilesImpossible, match=words):
        plan_tiling(canvas, SMALL, wish)


def test_a_smaller_most_makes_more_tiles() -> None:
    plan = plan_tiling(Size(2048, 2048), SMALL, TileWish(most_px=256))

    assert max(plan.tile.width, plan.tile.height) <= 256


def test_listed_sizes_give_the_tile_that_makes_fewest_pixels_twice() -> None:
    assert plan_tiling(Size(1980, 1980), LISTED, TileWish()) == TilingPlan(Size(1024, 1024), 48)
    with pytest.raises(TilesImpossible, match="which makes no number of tiles"):
        plan_tiling(Size(900, 900), LISTED, TileWish())
