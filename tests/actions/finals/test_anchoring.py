"""Anchoring: a drift of tone is taken back to the base's, and edges that a tile drew sharp stay sharp."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from renderlock.actions.finals.anchoring import LEVEL, anchor
from renderlock.imaging.pixels import Pixels


def levels(anchored: NDArray[np.uint16]) -> NDArray[np.float64]:
    """The result in 8-bit levels."""
    return anchored / float(LEVEL)


@pytest.fixture(scope="module")
def ground() -> Pixels:
    """A gradient with grain, no level near black or white."""
    ramp = np.linspace(60, 180, 160)[None, :, None] + np.random.default_rng(3).normal(0, 4, (96, 160, 3))
    return np.round(ramp).astype(np.uint8)


def test_a_tile_that_is_its_base_stays_as_it_is(ground: Pixels) -> None:
    assert np.array_equal(anchor(ground, ground), ground.astype(np.uint16) * LEVEL)


@pytest.mark.parametrize("drift", [-9, 3, 14])
def test_a_drift_of_the_whole_tile_is_taken_back(ground: Pixels, drift: int) -> None:
    drifted = (ground.astype(int) + drift).astype(np.uint8)

    assert np.abs(levels(anchor(drifted, ground)) - ground).max() < 0.01


def test_a_drift_that_grows_along_the_tile_is_taken_back_smoothly(ground: Pixels) -> None:
    slope = np.linspace(-6, 6, 160)[None, :, None]
    drifted = np.round(ground + slope).astype(np.uint8)

    left = levels(anchor(drifted, ground)) - ground

    assert np.abs(left.mean(axis=(0, 2))).max() < 1.5
    assert np.abs(left).mean() < 0.6


def test_an_edge_that_is_sharper_than_the_base_s_stays_sharp_and_leaves_no_stain() -> None:
    sharp = np.full((96, 96, 3), 40, np.uint8)
    sharp[:, 48:] = 210
    soft = np.asarray(Image.fromarray(sharp).resize((24, 24), Image.Resampling.BOX).resize((96, 96)))

    anchored = levels(anchor(sharp, soft))

    assert (anchored[:, 48] - anchored[:, 47]).min() > 165
    assert np.abs(anchored - sharp).max() < 3
