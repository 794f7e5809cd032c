"""The gate before the merge: tone, place and coarse content of two views of one overlap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from skimage.transform import warp

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams import compare_overlap, overlap_verdict
from renderlock.metrics.seams.overlaps import OverlapLimits

Photograph = Callable[[str], Pixels]


@pytest.fixture
def overlap(photograph: Photograph) -> Pixels:
    """An overlap of 128 x 384 pixels."""
    return photograph("astronaut.png")[40:168, 60:444]


def test_equal_overlaps_differ_by_nothing(overlap: Pixels) -> None:
    found = compare_overlap(overlap, overlap)
    assert (found.offsets, found.shift_px, found.coarse_levels) == ((0.0, 0.0, 0.0), 0.0, 0.0)
    assert overlap_verdict([found]).passed


def test_an_offset_is_told_by_channel_and_sign(overlap: Pixels) -> None:
    darker = np.clip(overlap.astype(np.int16) + np.array([-3, 0, 5]), 0, 255).astype(np.uint8)
    found = compare_overlap(overlap, darker)
    assert found.offsets == (-3.0, 0.0, 5.0)
    assert [measure.name for measure in overlap_verdict([found]).failures] == ["offset_levels"]


@pytest.mark.parametrize("distance", [0.5, 1.0, 3.0])
def test_a_displacement_is_found_to_a_tenth_of_a_pixel(overlap: Pixels, distance: float) -> None:
    moved = warp(overlap, lambda at: at + np.array([distance, 0.0]), order=3, mode="edge", preserve_range=True)
    found = compare_overlap(overlap, np.rint(moved).clip(0, 255).astype(np.uint8))
    assert found.shift_px == pytest.approx(distance, abs=0.1)
    assert "shift_px" in [measure.name for measure in overlap_verdict([found]).failures]


def test_other_content_is_coarsely_different(overlap: Pixels) -> None:
    other = overlap.copy()
    other[32:96, 100:200] = 255 - other[32:96, 100:200]
    found = compare_overlap(overlap, other)
    assert found.coarse_levels > 2
    assert not overlap_verdict([found]).passed


def test_other_detail_alone_is_let_pass(overlap: Pixels) -> None:
    grain = np.random.default_rng(3).normal(0, 6, overlap.shape)
    found = compare_overlap(overlap, np.clip(np.rint(overlap + grain), 0, 255).astype(np.uint8))
    assert overlap_verdict([found]).passed


def test_a_flat_overlap_has_nothing_to_register_and_says_so() -> None:
    flat = np.full((64, 64, 3), 90, np.uint8)
    found = compare_overlap(flat, flat)
    verdict = overlap_verdict([found, found])
    assert found.shift_px is None
    assert verdict.passed
    assert "2 of 2 overlaps" in verdict.notes[0]


def test_own_limits_are_kept_to(overlap: Pixels) -> None:
    found = compare_overlap(overlap, np.clip(overlap.astype(np.int16) + 3, 0, 255).astype(np.uint8))
    assert overlap_verdict([found], OverlapLimits(offset_levels=4)).passed
