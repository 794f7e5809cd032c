"""SSIM, mean difference, PDQ and tiles against definitions and constructed pictures."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.filters import gaussian

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.perceptual import (
    mean_absolute_difference,
    pdq,
    pdq_distance,
    ssim,
    tiled_difference,
)


def _ssim_by_definition(first: Pixels, second: Pixels) -> float:
    """Wang et al. 2004, equation 13, written out with Gaussian means, inside the margin of half a window."""
    scores = []
    for channel in range(3):
        x, y = first[..., channel].astype(np.float64), second[..., channel].astype(np.float64)
        mx, my, mxx, myy, mxy = (
            gaussian(p, 1.5, truncate=3.5, preserve_range=True) for p in (x, y, x * x, y * y, x * y)
        )
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        score = (2 * mx * my + c1) * (2 * (mxy - mx * my) + c2)
        score /= (mx**2 + my**2 + c1) * (mxx - mx**2 + myy - my**2 + c2)
        scores.append(score[5:-5, 5:-5].mean())
    return float(np.mean(scores))


def test_ssim_is_the_published_formula(scene: Pixels) -> None:
    other = np.clip(scene.astype(np.int16) + np.random.default_rng(1).integers(-9, 10, scene.shape), 0, 255)
    changed = other.astype(np.uint8)
    assert ssim(scene, changed) == pytest.approx(_ssim_by_definition(scene, changed), abs=1e-9)


def test_ssim_of_a_picture_with_itself_is_one(scene: Pixels) -> None:
    assert ssim(scene, scene) == 1


def test_ssim_of_two_flat_pictures_is_its_luminance_term() -> None:
    dark, light = (np.full((20, 20, 3), value, np.uint8) for value in (50, 150))
    c1 = (0.01 * 255) ** 2
    assert ssim(dark, light) == pytest.approx((2 * 50 * 150 + c1) / (50**2 + 150**2 + c1))


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 40, 3), (10, 10, 3)])
def test_ssim_is_defined_for_pictures_smaller_than_its_window(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    assert ssim(picture, picture) == 1
    assert ssim(picture, 255 - picture) < 0.9


def test_mean_absolute_difference_counts_every_channel() -> None:
    first = np.zeros((2, 2, 3), np.uint8)
    second = first.copy()
    second[0, 0] = (255, 9, 0)
    assert mean_absolute_difference(first, second) == 264 / 12
    assert mean_absolute_difference(second, first) == 264 / 12


def test_pdq_of_a_scaled_picture_matches_and_of_a_mirrored_one_does_not(scene: Pixels) -> None:
    doubled = scene.repeat(2, axis=0).repeat(2, axis=1)
    assert pdq_distance(pdq(scene), pdq(doubled)) <= 31
    assert pdq_distance(pdq(scene), pdq(scene[:, ::-1])) > 60


def test_pdq_says_that_a_flat_picture_is_no_evidence(scene: Pixels) -> None:
    assert not pdq(np.full((64, 64, 3), 90, np.uint8)).usable
    assert pdq(scene).usable


def test_one_changed_tile_shows_in_the_largest_and_not_in_the_mean() -> None:
    first = np.full((160, 160, 3), 120, np.uint8)
    second = first.copy()
    second[32:48, 48:64] = (120, 120, 220)
    expected = float(deltaE_ciede2000(rgb2lab(first[:1, :1]), rgb2lab(second[32:33, 48:49]))[0, 0])
    found = tiled_difference(first, second)
    assert found.largest == pytest.approx(expected)
    # 1 tile of 100: the 99th percentile lies a hundredth of the way from the second largest to the largest.
    assert found.p99 == pytest.approx(0.01 * expected)


def test_tiles_are_the_means_of_blocks_also_at_ragged_edges() -> None:
    random = np.random.default_rng(4)
    first, second = (random.integers(0, 256, (16 * 17 + 5, 21, 3), dtype=np.uint8) for _ in range(2))
    apart = deltaE_ciede2000(rgb2lab(first), rgb2lab(second))
    means = [apart[y : y + 16, x : x + 16].mean() for y in range(0, apart.shape[0], 16) for x in (0, 16)]
    found = tiled_difference(first, second)
    assert found.largest == pytest.approx(max(means))
    assert found.p99 == pytest.approx(np.percentile(means, 99))
