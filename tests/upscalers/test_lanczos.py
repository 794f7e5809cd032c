"""The baseline keeps the contract, and its bands are the whole to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.upscalers.contract import Subject, TrainedUpscalerContract

from renderlock.errors import UnknownName
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import UpscalerOptions
from renderlock.upscalers.depth import in_8_bits, in_16_bits
from renderlock.upscalers.lanczos import open_model, resample, resample_rows, rows_needed


class TestLanczos(TrainedUpscalerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Subject:
        return Subject(lambda options: open_model("", options), factor=3)


def test_lanczos_has_no_models() -> None:
    with pytest.raises(UnknownName, match="best"):
        open_model("best", UpscalerOptions())


@settings(max_examples=settings().max_examples // 3)
@given(
    height=st.integers(1, 90),
    target=st.integers(1, 300),
    step=st.integers(1, 130),
    channels=st.sampled_from([1, 3, 4]),
    deep=st.booleans(),
)
def test_bands_from_a_part_of_the_source_are_the_whole(
    height: int, target: int, step: int, channels: int, *, deep: bool
) -> None:
    plain: Pixels = np.random.default_rng(height).integers(0, 256, (height, 7, channels), dtype=np.uint8)
    pixels = in_16_bits(plain) if deep else plain
    size = Size(11, target)
    bands = []
    for start in range(0, target, step):
        stop = min(target, start + step)
        first, last = rows_needed(height, target, start, stop)
        bands.append(resample_rows(pixels[first:last], size, start, stop, first=first, height=height))
    assert (np.concatenate(bands) == resample(pixels, size)).all()


def test_it_is_pillows_lanczos_one_axis_after_the_other(photo: Pixels) -> None:
    tall = Image.fromarray(photo).resize((96, 250), Image.Resampling.LANCZOS)
    expected = np.asarray(tall.resize((200, 250), Image.Resampling.LANCZOS))
    difference = np.abs(resample(photo, Size(200, 250)).astype(int) - expected)
    assert difference.max() <= 1


def test_16_bits_are_interpolated_in_16_bits() -> None:
    ramp = (30_000 + 8 * np.broadcast_to(np.arange(64)[None, :, None], (8, 64, 3))).astype(np.uint16)
    enlarged = resample(ramp, Size(128, 16))
    expected = 30_000 + 8 * ((np.arange(128) + 0.5) / 2 - 0.5)
    assert enlarged.dtype == np.uint16
    assert np.abs(enlarged[:, 8:-8, 0] - expected[8:-8]).max() <= 0.5


@pytest.mark.parametrize("deep", [False, True])
def test_alpha_weighs_colours(*, deep: bool) -> None:
    sprite = np.zeros((8, 8, 4), np.uint8)
    sprite[:, :4] = (255, 255, 255, 255)
    enlarged = in_8_bits(resample(in_16_bits(sprite) if deep else sprite, Size(32, 32)))
    half_seen = enlarged[(enlarged[:, :, 3] > 60) & (enlarged[:, :, 3] < 200)]
    assert len(half_seen)
    assert half_seen[:, :3].min() > 240
