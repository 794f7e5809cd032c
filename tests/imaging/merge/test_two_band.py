"""Tiles with their own tone and detail: what `auto` finds, how it moves them, and that no trace is left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.imaging.at_once import merge_overlap
from tests.imaging.collected import Given, merged, noise, photograph

from renderlock.imaging.merge import PixelsBase, PixelsSource
from renderlock.imaging.merge.seam_path import cheapest_path
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.tiles import Grid, Tile, cut, lay_grid, solve_grid

Change = Callable[[Tile, Pixels], NDArray[np.float64]]


def changed_tiles(grid: Grid, picture: Pixels, change: Change) -> Given:
    """The picture's tiles, each changed in its own way and rounded."""
    tiles = {tile: change(tile, np.asarray(cut(picture, tile), dtype=np.uint8)) for tile in grid.tiles}
    return Given({tile: np.clip(np.rint(pixels), 0, 255).astype(np.uint8) for tile, pixels in tiles.items()})


def drift(tile: Tile, pixels: Pixels) -> NDArray[np.float64]:
    offset = np.random.default_rng([tile.column, tile.row]).uniform(-4, 4, 3)
    return np.asarray(pixels * 0.9 + 12.0 + offset, dtype=np.float64)


def test_tiles_that_agree_within_a_level_are_only_feathered() -> None:
    picture = photograph()
    grid = solve_grid(512, 512, most=(200, 200), overlap=48)

    def roughen(tile: Tile, pixels: Pixels) -> NDArray[np.float64]:
        return np.asarray(pixels + np.random.default_rng([tile.column, tile.row]).uniform(-0.9, 0.9, pixels.shape))

    tiles = changed_tiles(grid, picture, roughen)

    result, report = merged(grid, tiles)

    assert report.blend == "hann"
    assert report.offsets == ()
    assert report.largest_before < 0.1
    assert np.abs(result.astype(int) - picture).max() <= 1


def test_the_tone_of_drifted_tiles_is_brought_together() -> None:
    picture = photograph()
    grid = solve_grid(512, 512, most=(200, 200), overlap=48)

    result, report = merged(grid, changed_tiles(grid, picture, drift))

    assert report.blend == "two-band"
    assert report.largest_before > 3
    assert report.largest_after < 0.3
    assert np.abs(np.sum([offset for _, offset in report.offsets], axis=0)).max() < 0.1
    rest = result - (picture * 0.9 + 12.0)
    assert (rest.reshape(-1, 3) - rest.mean(axis=(0, 1))).std() < 0.8


def test_with_a_base_the_tone_is_the_bases() -> None:
    picture = photograph()
    grid = solve_grid(512, 512, most=(200, 200), overlap=48)
    base = (picture * 0.9).reshape(128, 4, 128, 4, 3).mean(axis=(1, 3)).round().astype(np.uint8)

    result, report = merged(grid, changed_tiles(grid, picture, drift), base=PixelsBase(base))

    assert report.back_projected
    assert np.abs(result.mean(axis=(0, 1)) - base.mean(axis=(0, 1))).max() < 0.5


def test_offsets_of_sixteen_bits_are_in_eight_bit_levels() -> None:
    grid = lay_grid(120, 60, tile=(80, 60), overlap=40)
    left, right = grid.tiles
    flat = np.full((60, 80, 3), 30_000, np.uint16)
    lighter = (flat + 5140).astype(np.uint16)

    result, report = merged(grid, Given({left: flat, right: lighter}))

    assert dict(report.offsets)[left] == pytest.approx((10.0,) * 3, abs=0.01)
    assert np.abs(result.astype(int) - 32_570).max() <= 3


def test_alpha_is_not_moved_by_the_tone() -> None:
    grid = lay_grid(120, 60, tile=(80, 60), overlap=40)
    left, right = grid.tiles
    grey = np.full((60, 80, 2), (100, 200), np.uint8)
    tiles = {left: grey, right: (grey + np.array((10, 0))).astype(np.uint8)}

    result, report = merged(grid, Given(tiles))

    assert report.largest_offset == pytest.approx(5, abs=0.1)
    assert (result[..., 1] == 200).all()
    assert np.abs(result[..., 0].astype(int) - 105).max() <= 1


def test_unlike_detail_keeps_its_strength_where_a_feather_loses_it() -> None:
    grid = lay_grid(400, 128, tile=(232, 128), overlap=64)
    tiles = {tile: grain(tile.width, tile.height, seed=index) for index, tile in enumerate(grid.tiles)}

    feathered = stripe_detail(merged(grid, Given(tiles), "hann")[0])
    ours = stripe_detail(merged(grid, Given(tiles), "two-band")[0])

    assert feathered < 0.85
    assert 0.97 < ours < 1.03


def grain(width: int, height: int, seed: int) -> Raster:
    values = np.random.default_rng(seed).normal(128, 20, (height, width, 1))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def stripe_detail(picture: Raster) -> float:
    """How strong detail is in the middle 32 columns, against the rest."""
    values = picture[..., 0].astype(float)
    return float(values[:, 184:216].std() / values[:, :160].std())


def test_what_is_equal_in_an_overlap_comes_out_as_it_is() -> None:
    first = noise(40, 300).astype(np.float32)
    second = first.copy()
    second[100:140, 10:20] += 30

    result = merge_overlap(first, second, alpha=False)

    assert np.array_equal(result[:60], first[:60])
    assert np.array_equal(result[180:], first[180:])


def test_invisible_colours_do_not_bleed_into_visible_ones() -> None:
    shown = np.full((50, 40, 4), (200, 0, 0, 255), np.float32)
    hidden = np.full((50, 40, 4), (0, 0, 200, 0), np.float32)

    assert (merge_overlap(shown, hidden, alpha=True)[..., 0] == 200).all()
    assert (merge_overlap(hidden, shown, alpha=True)[..., 2] == 0).all()


def test_the_seam_takes_the_cheapest_way() -> None:
    costs = np.ones((30, 9), np.float32)
    for line in range(30):
        costs[line, 4 + round(3 * np.sin(line / 5))] = 0

    path = cheapest_path(costs)

    assert costs[np.arange(30), path].sum() == 0
    assert np.abs(np.diff(path)).max() <= 1


def test_the_seam_is_as_cheap_as_any_path() -> None:
    costs = np.random.default_rng(3).random((5, 4)).astype(np.float32)

    def cheapest(line: int, place: int) -> float:
        if line == len(costs) - 1:
            return float(costs[line, place])
        nexts = [to for to in (place - 1, place, place + 1) if 0 <= to < 4]
        return float(costs[line, place]) + min(cheapest(line + 1, to) for to in nexts)

    path = cheapest_path(costs)

    assert costs[np.arange(5), path].sum() == pytest.approx(min(cheapest(0, place) for place in range(4)))


def test_a_grid_without_overlaps_is_put_together() -> None:
    grid = lay_grid(90, 60, tile=(30, 30), overlap=0)
    picture = noise(90, 60)

    result, report = merged(grid, PixelsSource(picture), "two-band")

    assert np.array_equal(result, picture)
    assert report.differences == ()
