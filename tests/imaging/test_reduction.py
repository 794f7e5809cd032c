"""The area mean is exact: by hand, on constants, on means, and with alpha."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.imaging.reduction import reduce_by


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 1), (2, 1), (2, 3), (3, 4), (5, 2)]), st.sampled_from([1, 3]))
def test_each_pixel_is_the_mean_of_its_square_with_halves_up(seed: int, shape: tuple[int, int], channels: int) -> None:
    factor, side = shape
    pixels = np.random.default_rng(seed).integers(0, 256, (side * factor, 2 * factor, channels), dtype=np.uint8)

    reduced = reduce_by(pixels, factor)

    assert reduced.shape == (side, 2, channels)
    for row, column, channel in np.ndindex(reduced.shape):
        square = pixels[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor, channel]
        mean = Fraction(int(square.sum()), factor**2)
        assert reduced[row, column, channel] == (mean + Fraction(1, 2)).__floor__()


def test_it_undoes_repeating_each_pixel() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (70, 3, 4), dtype=np.uint8)
    pixels[..., 3] = 255

    assert (reduce_by(pixels.repeat(4, 0).repeat(4, 1), 4) == pixels).all()


def test_what_is_transparent_lends_no_colour() -> None:
    red_beside_unseen_green = np.array([[[200, 0, 0, 255], [0, 255, 0, 0]]] * 2, np.uint8)

    assert reduce_by(red_beside_unseen_green, 2).tolist() == [[[200, 0, 0, 128]]]


def test_sides_that_are_no_multiple_are_refused() -> None:
    with pytest.raises(ValueError, match="5x4 is no multiple of 2"):
        reduce_by(np.zeros((4, 5, 3), np.uint8), 2)
