"""Sharpness: how much detail of which size, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage.transform import pyramid_laplacian

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.sharpness import Sharpness, measure_sharpness, sharpness_table

Rgb = tuple[int, int, int]
Disc = Callable[[float, float, Rgb], Pixels]
Grain = Callable[[Pixels, int], Pixels]


def _blurred(pixels: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _waves(period: float) -> Pixels:
    wave = 128 + 60 * np.sin(2 * np.pi * np.arange(256) / period)
    return np.repeat(np.rint(np.tile(wave, (256, 1))).astype(np.uint8)[..., None], 3, axis=2)


def test_a_flat_picture_lies_at_the_floor() -> None:
    assert measure_sharpness(np.full((64, 64, 3), 77, np.uint8)) == Sharpness(-20, -20, -20)


def test_more_blur_is_less_fine_detail_every_time(scene: Pixels) -> None:
    fine = [measure_sharpness(_blurred(scene, radius)).fine for radius in (0, 1, 2, 4)]
    assert fine == sorted(fine, reverse=True)
    assert fine[0] - fine[-1] > 6


def test_grain_raises_the_fine_band_most(scene: Pixels, grain: Grain) -> None:
    change = np.diff(sharpness_table([measure_sharpness(scene), measure_sharpness(grain(scene, 3))]), axis=0)[0]
    assert change[0] > change[1] > change[2]
    assert change[0] > 6


def test_white_noise_has_the_energy_of_the_kernel_in_closed_form() -> None:
    noise = np.random.default_rng(5).normal(128, 10, (512, 512))
    picture = np.repeat(np.clip(np.rint(noise), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    line = np.array([1, 4, 6, 4, 1]) / 16
    kernel = -np.outer(line, line)
    kernel[2, 2] += 1
    expected = 10 * np.log10((100 + 1 / 12) * (kernel**2).sum() + 0.01)
    assert measure_sharpness(picture).fine == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(("period", "strongest"), [(3, 0), (8, 1), (18, 2)])
def test_waves_show_in_the_band_of_their_length(period: float, strongest: int) -> None:
    bands = sharpness_table([measure_sharpness(_waves(period))])[0]
    assert int(bands.argmax()) == strongest


def test_bands_follow_an_independent_laplacian_pyramid(scene: Pixels, grain: Grain) -> None:
    pictures = [_blurred(scene, 1.5), scene, grain(scene, 9)]
    ours = [measure_sharpness(picture).fine for picture in pictures]
    luma = [picture @ np.array([0.299, 0.587, 0.114]) for picture in pictures]
    # The 1-4-6-4-1 kernel has variance 1.
    theirs = [10 * np.log10(next(pyramid_laplacian(one, sigma=1, preserve_range=True)).var()) for one in luma]
    assert ours == pytest.approx(theirs, abs=0.7)


def test_a_moved_disc_keeps_its_sharpness(disc: Disc) -> None:
    table = sharpness_table([measure_sharpness(disc(x, 0.5, (200, 40, 40))) for x in (0.3, 0.5, 0.7)])
    assert np.ptp(table, axis=0).max() < 0.3


def test_a_picture_of_one_pixel_is_measured() -> None:
    assert measure_sharpness(np.zeros((1, 1, 3), np.uint8)) == Sharpness(-20, -20, -20)
