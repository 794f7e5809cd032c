"""Reduction: exact area means, alpha over grey, nothing enlarged."""

from __future__ import annotations

import numpy as np
import pytest

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.reduction import opaque, reduce_to, shrink_within


def test_reduction_is_the_mean_of_areas() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    expected = picture.reshape(8, 8, 8, 12, 3).mean(axis=(1, 3))
    assert np.abs(reduce_to(picture, 8, 8) - expected).max() <= 1


def test_alpha_is_laid_over_the_ground() -> None:
    half = np.array([[[200, 0, 100, 51]]], np.uint8)
    assert opaque(half, 100).tolist() == [[[120, 80, 100]]]


@pytest.mark.parametrize(("shape", "expected"), [((300, 100, 3), (50, 17, 3)), ((20, 50, 3), (20, 50, 3))])
def test_pictures_shrink_to_a_side_and_never_grow(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    picture: Pixels = np.zeros(shape, np.uint8)
    assert shrink_within(picture, 50).shape == expected
