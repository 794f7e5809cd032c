from __future__ import annotations

import numpy as np
import pytest

from renderlock.imaging.dithering import quantise


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65_535)])
def test_whole_levels_stay_and_others_are_clipped(kind: type[np.uint8 | np.uint16], top: int) -> None:
    levels = np.linspace(0, top, 256).round()
    rows = np.broadcast_to(levels.astype(np.float32)[None, :, None], (70, 256, 1))

    assert (quantise(rows, 0, kind)[..., 0] == levels).all()
    assert (quantise(rows + np.float32(2 * top), 0, kind) == top).all()
    assert (quantise(rows - np.float32(2 * top), 0, kind) == 0).all()


def test_a_fraction_becomes_a_share_of_pixels_in_every_small_area() -> None:
    rows = np.full((128, 128, 1), 7.3, np.float32)

    levels = quantise(rows, 0, np.uint8).astype(float)

    assert set(np.unique(levels)) == {7.0, 8.0}
    assert np.abs(levels.reshape(16, 8, 16, 8).mean(axis=(1, 3)) - 7.3).max() < 0.08


def test_bands_continue_the_pattern() -> None:
    rows = np.random.default_rng(0).random((100, 90, 3)).astype(np.float32) * 255

    whole = quantise(rows, 0, np.uint8)

    assert np.array_equal(np.concatenate([quantise(rows[:37], 0, np.uint8), quantise(rows[37:], 37, np.uint8)]), whole)
