"""The gate before the merge: tone, place and coarse content of two views of one overlap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from skimage.filters import gaussian
from skimage.transform import warp

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams import compare_overlap, overlap_verdict
from renderlock.metrics.seams.overlaps import OverlapLimits, OverlapMeasure
from renderlock.metrics.seams.registration import Shift

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


def test_a_displacement_is_told_in_a_strip_of_24_pixels(photograph: Photograph) -> None:
    strip = photograph("coffee.png")[200:224, 40:552]
    moved = warp(photograph("coffee.png"), lambda at: at + np.array([0.35, 0.35]), order=3, preserve_range=True)
    found = compare_overlap(strip, np.rint(moved[200:224, 40:552]).astype(np.uint8))
    assert [measure.name for measure in overlap_verdict([found]).failures] == ["shift_px"]


def test_a_tile_half_of_which_is_brighter_fails_by_tone(overlap: Pixels) -> None:
    half = overlap.astype(np.int16)
    half[:, :150] += 3
    found = compare_overlap(overlap, np.clip(half, 0, 255).astype(np.uint8))
    assert "tone_levels" in [measure.name for measure in overlap_verdict([found]).failures]


def test_a_tile_out_of_focus_fails_by_blur(overlap: Pixels) -> None:
    soft = gaussian(overlap.astype(np.float64), 1.0, channel_axis=2, preserve_range=True)
    found = compare_overlap(overlap, np.rint(soft).astype(np.uint8))
    assert [measure.name for measure in overlap_verdict([found]).failures] == ["blur"]
    assert found.bands[0].strength < 0.6
    assert found.bands[2].coherence > 0.95


def test_own_detail_shows_in_its_band_and_passes(overlap: Pixels) -> None:
    smooth = gaussian(overlap.astype(np.float64), 1.0, channel_axis=2, preserve_range=True)
    other = smooth + np.roll(overlap - smooth, (7, 5), axis=(0, 1))
    found = compare_overlap(overlap, np.clip(np.rint(other), 0, 255).astype(np.uint8))
    assert found.bands[0].coherence < 0.7 < found.bands[2].coherence
    assert overlap_verdict([found]).passed


def test_a_shift_must_be_surer_where_more_overlaps_are_asked() -> None:
    measure = OverlapMeasure((0.0, 0.0, 0.0), Shift(0.3, 0.4, 0.03, 40.0), 0.0)
    assert measure.shift_px == pytest.approx(0.5)
    assert measure.moved_px() == pytest.approx(0.5 - 6.5 * 0.03)
    assert not overlap_verdict([measure]).passed
    assert overlap_verdict([measure] * 100).passed
