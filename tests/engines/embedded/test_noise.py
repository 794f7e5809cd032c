"""Noise as a written contract: fixed values, fixed under growth, and normal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.engines.embedded.cells import Cells
from renderlock.engines.embedded.noise import draw_noise

LARGEST_SEED = 2**53 - 1

GOLDEN = (-0.57025052, -0.86485828, -0.39686739, -2.76121335, 1.94612755, 0.58464635, -0.24390025, -0.38223651)
"""Seed 7, computed apart from numpy: Philox 4x64-10 as its paper writes it, and the transform in double precision."""


def test_the_values_of_a_seed_never_change() -> None:
    noise = draw_noise(7, 0, channels=2, window=Cells(2, 2))

    assert noise.dtype == np.float32
    assert noise.reshape(-1).tolist() == pytest.approx(GOLDEN, abs=1e-7)


@given(st.integers(0, LARGEST_SEED), st.integers(1, 8), st.integers(1, 8))
def test_a_larger_canvas_continues_a_smaller_one(seed: int, height: int, width: int) -> None:
    large = draw_noise(seed, 0, channels=3, window=Cells(9, 11))

    small = draw_noise(seed, 0, channels=3, window=Cells(height, width))

    assert np.array_equal(small, large[:, :, :height, :width])


@given(st.integers(0, LARGEST_SEED), st.integers(0, 5), st.integers(0, 7))
def test_a_window_s_noise_is_cut_from_the_canvas_s(seed: int, top: int, left: int) -> None:
    canvas = draw_noise(seed, 2, channels=3, window=Cells(9, 11))

    window = draw_noise(seed, 2, channels=3, window=Cells(4, 4), top=top, left=left)

    assert np.array_equal(window, canvas[:, :, top : top + 4, left : left + 4])


def test_seeds_and_streams_all_differ() -> None:
    keys = [(0, 0), (0, 1), (1, 0), (LARGEST_SEED, 0), (LARGEST_SEED - 1, 0)]

    drawn = {draw_noise(seed, stream, channels=1, window=Cells(4, 4)).tobytes() for seed, stream in keys}

    assert len(drawn) == len(keys)


def test_rows_columns_and_channels_are_independent_standard_normal() -> None:
    noise = draw_noise(3, 0, channels=8, window=Cells(64, 64))[0]

    assert float(noise.mean()) == pytest.approx(0, abs=0.02)
    assert float(noise.std()) == pytest.approx(1, abs=0.02)
    assert float((np.abs(noise) > 2).mean()) == pytest.approx(0.0455, abs=0.005)
    for axis in range(3):
        neighbours = np.corrcoef(noise.reshape(-1), np.roll(noise, 1, axis).reshape(-1))
        assert abs(float(neighbours[0, 1])) < 0.02
