"""The levels of replay: every step of the ladder is reached by a picture made for it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.agreement import Level, compare


def _noisy(pixels: Pixels, reach: int) -> Pixels:
    noise = np.random.default_rng(11).integers(-reach, reach + 1, pixels.shape)
    added: Pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return added


def _with_alpha(pixels: Pixels, alpha: int) -> Pixels:
    opacity: Pixels = np.full(pixels.shape[:2], alpha, np.uint8)
    return np.concatenate([pixels, opacity[..., None]], axis=2)


def test_equal_pixels_are_exact(scene: Pixels) -> None:
    found = compare(scene, scene.copy())
    assert (found.level, found.sameness, found.notes) == (Level.SAME_PIXELS, "exact", ())
    assert found.measures is not None
    assert (found.measures.ssim, found.measures.mae, found.measures.tiles.largest) == (1, 0, 0)


def test_one_step_in_one_pixel_is_no_longer_exact(scene: Pixels) -> None:
    changed = scene.copy()
    changed[80, 90, 1] ^= 1
    found = compare(scene, changed)
    assert (found.level, found.sameness) == (Level.VISUALLY_THE_SAME, "equivalent")


def test_faint_noise_is_equivalent(scene: Pixels) -> None:
    found = compare(scene, _noisy(scene, 1))
    assert found.sameness == "equivalent"


def test_a_soft_copy_is_the_same_picture_but_drifted(scene: Pixels) -> None:
    soft = np.asarray(Image.fromarray(scene).filter(ImageFilter.GaussianBlur(2)))
    found = compare(scene, soft)
    assert (found.level, found.sameness) == (Level.THE_SAME_PICTURE, "drifted")


def test_heavy_grain_is_the_same_picture_by_pdq_alone(scene: Pixels) -> None:
    found = compare(scene, _noisy(scene, 40))
    assert found.measures is not None
    assert found.measures.ssim < 0.75
    assert found.level is Level.THE_SAME_PICTURE


def test_a_mirrored_picture_is_another_picture(scene: Pixels) -> None:
    found = compare(scene, scene[:, ::-1])
    assert (found.level, found.sameness) == (Level.ANOTHER_PICTURE, "drifted")


def test_a_mean_difference_over_two_steps_is_not_visually_the_same(scene: Pixels) -> None:
    lighter = np.clip(scene.astype(np.int16) + 3, 0, 255).astype(np.uint8)
    found = compare(scene, lighter)
    assert found.measures is not None
    assert found.measures.ssim > 0.98
    assert found.level is Level.THE_SAME_PICTURE


def test_other_sizes_are_another_picture_and_it_says_so(scene: Pixels) -> None:
    found = compare(scene, scene[:-1])
    assert found.level is Level.ANOTHER_PICTURE
    assert found.measures is None
    assert found.notes == ("The sizes differ: 192x160 and 192x159.",)


def test_pdq_alone_can_deny_that_pictures_look_the_same(scene: Pixels) -> None:
    changed = scene.copy()
    changed[40:54, 40:54] = 255 - changed[40:54, 40:54]
    found = compare(scene, changed)
    assert found.measures is not None
    assert found.measures.ssim > 0.98
    assert found.measures.mae < 2
    assert found.level is Level.THE_SAME_PICTURE


def test_a_small_change_that_the_mean_hides_is_said(scene: Pixels) -> None:
    changed = scene.copy()
    changed[64:80, 64:80] = np.clip(changed[64:80, 64:80] + np.array([0, 0, 90]), 0, 255)
    found = compare(scene, changed)
    assert found.level is Level.VISUALLY_THE_SAME
    assert any("small part differs plainly" in note for note in found.notes)


def test_an_opaque_alpha_channel_changes_nothing(scene: Pixels) -> None:
    assert compare(scene, _with_alpha(scene, 255)).level is Level.SAME_PIXELS


def test_another_alpha_is_measured_on_the_ground_where_it_shows_most() -> None:
    white = np.full((32, 32, 3), 255, np.uint8)
    found = compare(_with_alpha(white, 255), _with_alpha(white, 128))
    assert found.measures is not None
    # Over white nothing differs; over black 255 stands against 128.
    assert found.measures.mae == 127
    assert found.sameness == "drifted"


def test_colours_under_full_transparency_are_not_exact_but_look_the_same() -> None:
    black, red = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), (255, 0, 0), np.uint8)
    assert compare(_with_alpha(black, 0), _with_alpha(red, 0)).level is Level.VISUALLY_THE_SAME


def test_flat_pictures_are_judged_without_pdq_and_it_says_so() -> None:
    grey, lighter = (np.full((64, 64, 3), value, np.uint8) for value in (100, 101))
    found = compare(grey, lighter)
    assert found.level is Level.VISUALLY_THE_SAME
    assert "PDQ was left out" in found.notes[0]


def test_flat_pictures_of_other_colours_are_not_matched_by_an_empty_hash() -> None:
    # Equal luma (299 * 254 = 587 * 122 + 114 * 38), so PDQ, which sees luma alone, finds no bit of difference.
    red, green = (np.full((64, 64, 3), colour, np.uint8) for colour in ((254, 0, 0), (0, 122, 38)))
    found = compare(red, green)
    assert found.measures is not None
    assert (found.measures.pdq_bits, found.measures.pdq_counts) == (0, False)
    assert found.level is Level.ANOTHER_PICTURE


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 50, 4)])
def test_tiny_pictures_are_compared(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert compare(picture, picture).sameness == "exact"


def test_each_level_has_the_sameness_that_replay_says() -> None:
    assert [level.sameness for level in Level] == ["exact", "exact", "equivalent", "drifted", "drifted"]
