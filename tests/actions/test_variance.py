"""The variance of variants: pictures with known differences give the known answer."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter
from tests.actions.drawn_variants import BLUE, draw_variant, five_variants

from renderlock.actions.variance import measure_variance
from renderlock.errors import UsageError
from renderlock.imaging.pixels import Pixels


def _noise(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def test_the_centre_moves_by_what_the_disc_was_moved() -> None:
    report = measure_variance([draw_variant(0.35, 0.5), draw_variant(0.55, 0.5)])
    assert report.figure("layout/centre@1").mean == pytest.approx(20, abs=0.5)
    assert report.figure("colour/palette@1").mean < 1
    assert report.figure("layout/area@1").mean < 0.5


def test_recolouring_changes_the_colour_and_not_the_place() -> None:
    report = measure_variance([draw_variant(0.5, 0.5), draw_variant(0.5, 0.5, BLUE)])
    assert report.figure("colour/palette@1").mean > 2
    assert report.figure("layout/centre@1").mean < 1
    assert report.figure("layout/occ@1").mean < 0.05


def test_blur_changes_the_sharpness_and_little_else() -> None:
    sharp = draw_variant(0.5, 0.5, side=256)
    soft = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(1.5)))
    report = measure_variance([sharp, soft])
    assert report.figure("sharpness/bands@1:fine").mean > 6
    assert report.figure("layout/distance@1").mean < 0.03
    assert report.figure("colour/mean@1").mean < 0.2


def test_equal_pictures_vary_by_exactly_nothing() -> None:
    report = measure_variance([draw_variant(0.5, 0.5)] * 4)
    assert {figure.mean for figure in report.figures} == {0}
    assert {figure.largest for figure in report.figures} == {0}
    assert not report.distances.any()
    assert len(report.duplicates) == 6
    assert report.near_duplicates == ()
    assert (report.farthest, report.odd) == (None, False)


def test_one_picture_has_no_spread_and_is_its_own_medoid() -> None:
    report = measure_variance([draw_variant(0.5, 0.5)])
    assert (report.count, report.medoid, report.farthest) == (1, 0, None)
    assert {figure.largest for figure in report.figures} == {0}


def test_two_pictures_have_a_spread_and_no_odd_one() -> None:
    report = measure_variance([draw_variant(0.4, 0.5), draw_variant(0.6, 0.5)])
    assert report.farthest is None
    assert {figure.standard_error for figure in report.figures} == {None}
    assert report.figure("layout/distance@1").mean == report.layout[0, 1] > 0


def test_no_pictures_are_refused() -> None:
    with pytest.raises(UsageError):
        measure_variance([])


def test_the_one_far_from_the_rest_is_found_and_stands_out() -> None:
    report = measure_variance(five_variants())
    assert report.farthest == 4
    assert report.odd
    assert report.medoid != 4


def test_a_lightly_edited_copy_is_a_near_duplicate_and_an_equal_one_a_duplicate() -> None:
    first = np.asarray(Image.fromarray(_noise(1)[:8, :8]).resize((128, 128), Image.Resampling.BICUBIC))
    other = np.asarray(Image.fromarray(_noise(2)[:8, :8]).resize((128, 128), Image.Resampling.BICUBIC))
    lighter = np.clip(first.astype(np.int16) + 6, 0, 255).astype(np.uint8)
    report = measure_variance([first, other, lighter, first])
    assert report.duplicates == ((0, 3),)
    assert [pair[:2] for pair in report.near_duplicates] == [(0, 2), (2, 3)]


def test_flat_pictures_are_near_duplicates_by_their_colour_as_pdq_cannot_tell() -> None:
    flat = [np.full((64, 64, 3), value, np.uint8) for value in (100, 101, 180)]
    report = measure_variance(flat)
    assert [pair[:2] for pair in report.near_duplicates] == [(0, 1)]
    assert {variant.pdq_quality for variant in report.variants} == {0}
    assert {variant.centre for variant in report.variants} == {None}


def test_pictures_of_different_sizes_and_channels_are_measured_and_said() -> None:
    opaque = draw_variant(0.5, 0.5)
    clear = np.dstack([opaque, np.full(opaque.shape[:2], 255, np.uint8)]).astype(np.uint8)
    wide = opaque.repeat(2, axis=1)
    report = measure_variance([opaque, clear, wide])
    assert report.sizes_differ
    assert report.layout.max() < 1e-6


def test_the_order_of_pictures_changes_no_figure() -> None:
    pictures = five_variants()
    forward, backward = measure_variance(pictures), measure_variance(pictures[::-1])
    for one, other in zip(forward.figures, backward.figures, strict=True):
        assert one.mean == pytest.approx(other.mean)
    assert backward.farthest == 0


def test_a_measurement_repeats_to_the_last_bit() -> None:
    first, second = (measure_variance(five_variants()) for _ in range(2))
    assert first.figures == second.figures
    assert np.array_equal(first.distances, second.distances)
