from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.imaging.merge.windows import ramp, segments
from renderlock.imaging.tiles import Span, lay_grid


@given(st.integers(1, 300), st.integers(4, 120), st.floats(0, 0.95), st.sampled_from([8, 16]))
def test_windows_sum_to_one_at_every_pixel(length: int, tile: int, share: float, bits: int) -> None:
    spans = lay_grid(length, 1, tile=(tile, 1), overlap=0).across
    overlapping = lay_grid(length, tile, tile=(tile, tile), overlap=int(share * (tile - 1))).across

    for found in (segments(spans, bits), segments(overlapping, bits)):
        assert (found[0].start, found[-1].end) == (0, length)
        assert all((part.weights.sum(axis=0) == 1 << bits).all() for part in found)


def test_a_tile_alone_counts_whole_up_to_the_border_of_the_canvas() -> None:
    first, *_ = segments((Span(0, 10), Span(8, 10)), 8)

    assert first.covering == (0,)
    assert (first.weights == 256).all()


def test_two_tiles_meet_in_a_hann_ramp() -> None:
    shared = segments((Span(0, 64), Span(32, 64)), 16)[1]

    assert shared.covering == (0, 1)
    assert np.abs(shared.weights[1] / 65_536 - ramp(32)).max() < 1e-4
    assert ramp(32)[0] < 0.01


@pytest.mark.parametrize("length", [1, 2, 33])
def test_a_ramp_and_its_mirror_are_one(length: int) -> None:
    assert ramp(length) + ramp(length)[::-1] == pytest.approx(1.0)
