"""merge(split(picture)) is the picture, bit for bit, for every geometry, depth, channel count and blend."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.imaging.collected import merged, noise

from renderlock.imaging.merge import Blend, PixelsSource
from renderlock.imaging.pixels import Raster
from renderlock.imaging.tiles import Grid, Span, lay_grid

BLENDS: tuple[Blend, ...] = ("auto", "hann", "two-band")


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Grids of any tile and overlap, also where three tiles share a pixel."""
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    tile = draw(st.tuples(st.integers(3, 60), st.integers(3, 60)))
    overlap = draw(st.integers(0, min(tile) - 2))
    return lay_grid(width, height, tile=tile, overlap=overlap)


@st.composite
def uneven(draw: st.DrawFn) -> Grid:
    """Grids whose tiles differ in size and overlap, as files of other tools may."""
    sides = [draw(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 12)), min_size=1, max_size=5)) for _ in "xy"]
    spans = [_chained(side) for side in sides]
    return Grid(spans[0][-1].end, spans[1][-1].end, spans[0], spans[1])


def _chained(side: list[tuple[int, int]]) -> tuple[Span, ...]:
    ends = np.cumsum([grown for _, grown in side]).tolist()
    starts = [0]
    for (back, _), end in zip(side[1:], ends, strict=False):
        starts.append(max(starts[-1] + 1, end - back) if end > starts[-1] + 1 else end)
    spans = tuple(Span(start, end - start) for start, end in zip(starts, ends, strict=True))
    assert all(first.start < second.start <= first.end for first, second in pairwise(spans))
    return spans


def picture_for(grid: Grid, channels: int, bits: int, *, holes: bool) -> Raster:
    picture = noise(grid.width, grid.height, channels, bits=bits)
    if holes:
        picture[..., -1][noise(grid.width, grid.height, 1)[..., 0] < 100] = 0
    return picture


@pytest.mark.parametrize("blend", BLENDS)
@settings(max_examples=settings().max_examples // 2)
@given(grids() | uneven(), st.integers(1, 4), st.sampled_from([8, 16]), st.booleans())
def test_merging_what_was_split_gives_the_picture(
    blend: Blend, grid: Grid, channels: int, bits: int, holes: bool
) -> None:
    picture = picture_for(grid, channels, bits, holes=holes)

    result, _ = merged(grid, PixelsSource(picture), blend)

    assert result.dtype == picture.dtype
    assert np.array_equal(result, picture)


def test_a_canvas_wider_than_the_pieces_it_is_worked_in_comes_out_whole() -> None:
    grid = lay_grid(1400, 900, tile=(500, 400), overlap=64)
    picture = noise(1400, 900)

    for blend in BLENDS:
        assert np.array_equal(merged(grid, PixelsSource(picture), blend)[0], picture)
