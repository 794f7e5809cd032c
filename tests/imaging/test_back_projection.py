from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.imaging.collected import noise, photograph

from renderlock.imaging.back_projection import BackProjector, back_project, down
from renderlock.imaging.merge import PixelsBase
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.resampling import chain, resampling


def psnr(first: NDArray[np.float32], second: Pixels) -> float:
    return float(10 * np.log10(255**2 / np.mean((first - second.astype(float)) ** 2)))


def by_pillow(channel: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(channel).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("size", [(37, 29), (128, 128), (200, 61), (512, 512), (700, 1030)])
def test_the_kernel_is_pillows_bicubic(size: tuple[int, int]) -> None:
    picture = photograph()

    ours = down(picture, *size)

    theirs = by_pillow(picture[..., 1].astype(np.float32), *size)
    assert ours.shape == (size[1], size[0], 3)
    assert np.abs(ours[..., 1] - theirs).max() < 0.01


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_a_chain_of_two_resamplings_is_both_of_them(first: int, second: int, third: int) -> None:
    one, two = resampling(first, second), resampling(second, third)
    rows = noise(first, 2).astype(np.float32)

    assert np.abs(chain(one, two).across(rows) - two.across(one.across(rows))).max() < 0.05


@given(st.integers(1, 300), st.integers(1, 300))
def test_weights_of_every_line_sum_to_one(length: int, output: int) -> None:
    taps = resampling(length, output)

    assert taps.weights.sum(axis=1) == pytest.approx(1.0)
    assert (taps.starts >= 0).all()
    assert (taps.ends <= length).all()


def test_a_shifted_and_blurred_enlargement_agrees_with_its_base_afterwards() -> None:
    picture = photograph()
    base = down(picture, 128, 128).round().clip(0, 255).astype(np.uint8)
    wrong = np.clip(np.asarray(Image.fromarray(base).resize((512, 512), Image.Resampling.BOX)) + 6.0, 0, 255)
    large = wrong.astype(np.uint8)

    before, after = psnr(down(large, 128, 128), base), psnr(down(back_project(large, base), 128, 128), base)

    assert before < 33
    assert after > 48


def test_each_round_brings_it_nearer() -> None:
    picture = photograph()
    base = np.roll(down(picture, 100, 90).round().clip(0, 255).astype(np.uint8), 1, axis=0)

    reached = [psnr(down(back_project(picture, base, rounds=rounds), 100, 90), base) for rounds in (1, 2, 4)]

    assert reached == sorted(reached)


def test_the_rounds_in_one_are_the_rounds_one_by_one() -> None:
    large, base = noise(90, 70, 1), noise(23, 31, 1)
    expected = large.astype(np.float32)
    for _ in range(3):
        left = base[..., 0].astype(np.float32) - by_pillow(expected[..., 0], 23, 31)
        expected[..., 0] += by_pillow(left, 90, 70)

    result = np.concatenate(list(BackProjector(90, 70, PixelsBase(base), rounds=3).push(large.astype(np.float32))))

    assert np.abs(result - expected).max() < 0.05


@settings(max_examples=settings().max_examples // 4)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 50), st.integers(1, 50))
def test_rows_may_come_in_any_pieces(pieces: list[int], base_width: int, base_height: int) -> None:
    height = sum(pieces)
    large, base = noise(33, height).astype(np.float32), noise(base_width, base_height, seed=1)
    projector = BackProjector(33, height, PixelsBase(base))
    whole = np.concatenate(list(BackProjector(33, height, PixelsBase(base)).push(large)))

    ends = np.cumsum(pieces)
    parts = [large[end - count : end] for end, count in zip(ends, pieces, strict=True)]
    streamed = [rows for part in parts for rows in projector.push(part)]

    assert np.array_equal(np.concatenate(streamed), whole)


def test_what_agrees_already_stays() -> None:
    base = np.full((16, 16, 3), (10, 120, 250), np.uint8)
    large = np.full((64, 64, 3), (10, 120, 250), np.uint8)

    assert np.array_equal(back_project(large, base), large)


def test_alpha_stays_and_bits_may_differ() -> None:
    large = np.full((64, 48, 4), (100, 100, 100, 7), np.uint8)
    base = np.full((16, 12, 3), 120 * 257, np.uint16)

    result = back_project(large, base)

    assert (result[..., :3] == 120).all()
    assert (result[..., 3] == 7).all()


def test_a_base_of_other_colours_is_refused() -> None:
    with pytest.raises(ValueError, match="1 colour channels"):
        back_project(noise(64, 64, 3), noise(16, 16, 1))
