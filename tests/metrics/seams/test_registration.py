"""How far one view lies from another: laws of the estimate, and what its error is for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.filters import gaussian
from skimage.transform import warp

from renderlock.metrics.seams.registration import halved, register, smoothed

Plane = NDArray[np.float32]


def scene(height: int, width: int, seed: int = 3) -> Plane:
    """Soft structure of all sizes, in levels."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width))
    layers = [gaussian(noise, sigma) * sigma * 20 for sigma in (1.5, 3, 6)]
    return np.asarray(128 + sum(layers), np.float32)


def displaced(plane: Plane, down: float, right: float) -> Plane:
    moved = warp(plane, lambda at: at - np.array([right, down]), order=3, mode="edge", preserve_range=True)
    return np.asarray(moved, np.float32)


@given(down=st.floats(-4, 4), right=st.floats(-4, 4))
def test_any_shift_of_a_few_pixels_is_found_with_its_direction(down: float, right: float) -> None:
    first = scene(96, 160)
    found = register(first[8:-8, 8:-8], displaced(first, down, right)[8:-8, 8:-8])
    assert found is not None
    assert (found.down_px, found.right_px) == pytest.approx((down, right), abs=0.12)


@pytest.mark.parametrize("shape", [(24, 640), (640, 24), (64, 1280)])
def test_narrow_overlaps_tell_half_a_pixel_from_none(shape: tuple[int, int]) -> None:
    first = scene(shape[0] + 16, shape[1] + 16)
    grain = np.random.default_rng(1).normal(0, 1, first.shape)
    views = [np.asarray(displaced(first, *by) + grain, np.float32)[8:-8, 8:-8] for by in ((0, 0), (0.35, 0.35))]
    same, moved = (register(first[8:-8, 8:-8], view) for view in views)
    assert same is not None
    assert moved is not None
    assert same.length_px < 0.05
    assert moved.length_px == pytest.approx(0.5, abs=0.1)
    assert moved.error_px < 0.03


def test_places_that_wander_each_their_own_way_widen_the_error() -> None:
    first = scene(64, 640)
    second = first.copy()
    for number in range(10):
        part = slice(64 * number, 64 * number + 64)
        second[:, part] = displaced(first[:, part], 0, 1.0 if number % 3 else -1.0)
    together, apart = register(first, displaced(first, 0, 1.0)), register(first, second)
    assert together is not None
    assert apart is not None
    assert apart.error_px > 5 * together.error_px


def test_another_tone_is_not_a_shift() -> None:
    first = scene(64, 320)
    brighter = first + np.linspace(0, 20, 320, dtype=np.float32)
    found = register(first, np.asarray(brighter, np.float32))
    assert found is not None
    assert found.length_px < 0.1


def test_what_is_even_or_too_small_tells_nothing() -> None:
    assert register(np.full((64, 64), 90, np.float32), np.full((64, 64), 90, np.float32)) is None
    assert register(scene(6, 200), scene(6, 200)) is None


def test_smoothing_and_halving_keep_the_mean() -> None:
    plane = scene(40, 60)
    assert halved(plane).mean() == pytest.approx(plane.mean(), rel=1e-5)
    assert smoothed(np.full((9, 9), 7, np.float32)) == pytest.approx(7.0)
