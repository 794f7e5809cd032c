"""Enlarging to any size: the passes taken, what is held in memory, and the agreement with the source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.upscalers.contract import OtherTiles

from renderlock.imaging.back_projection import down
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import Detail, Upscaler, UpscalerOptions
from renderlock.upscalers.lanczos import FACTS as LANCZOS_FACTS
from renderlock.upscalers.lanczos import Lanczos
from renderlock.upscalers.tiled import enlarge_bands, enlarge_whole, plan_enlargement
from renderlock.upscalers.waifu2x import FACTS, open_model


class Stopped(Exception):
    """What a watch raises to stop."""


class StopAfter:
    """Counts tiles, and stops after a number of them."""

    def __init__(self, most: int) -> None:
        self.calls: list[tuple[int, int]] = []
        self._most = most

    def on_tile(self, done: int, tiles: int) -> None:
        self.calls.append((done, tiles))
        if done == self._most:
            raise Stopped


@given(side=st.integers(1, 500), ratio=st.floats(1.01, 16))
def test_passes_reach_the_target_and_one_fewer_would_not(side: int, ratio: float) -> None:
    target = Size(int(side * ratio) + 1, side)
    plan = plan_enlargement(FACTS, Size(side, side), target)
    assert plan.inner.width >= target.width > plan.inner.width // 2


def test_nothing_is_run_to_make_a_picture_smaller() -> None:
    assert plan_enlargement(FACTS, Size(100, 100), Size(100, 60)).passes == ()
    assert plan_enlargement(LANCZOS_FACTS, Size(100, 100), Size(400, 400)).passes == ()


def test_a_learned_result_scaled_down_is_the_source(photo: Pixels) -> None:
    upscaler = open_model("", UpscalerOptions())
    target = Size(310, 310)
    plain = enlarge_whole(photo, target, upscaler, project=False)
    projected = enlarge_whole(photo, target, upscaler)
    before, after = (np.sqrt(np.mean((down(one, 96, 96) - photo) ** 2)) for one in (plain, projected))
    assert before > 0.6
    assert after < 0.3


def test_bands_together_are_the_whole_whatever_the_tiles(photo: Pixels) -> None:
    upscaler = open_model("", UpscalerOptions())
    target = Size(150, 171)
    bands = list(enlarge_bands(photo, target, OtherTiles(upscaler, 24)))
    assert len(bands) > 1
    assert (np.concatenate(bands) == enlarge_whole(photo, target, upscaler)).all()


def test_a_band_is_no_higher_than_a_row_of_tiles(photo: Pixels) -> None:
    bands = enlarge_bands(photo, Size(192, 192), OtherTiles(open_model("", UpscalerOptions()), 12), project=False)
    assert {len(band) for band in bands} == {24}


def test_a_watch_hears_of_every_tile_and_can_stop(photo: Pixels) -> None:
    watch = StopAfter(3)
    with pytest.raises(Stopped):
        enlarge_whole(photo, Size(192, 192), OtherTiles(open_model("", UpscalerOptions()), 48), watch=watch)
    assert watch.calls == [(1, 4), (2, 4), (3, 4)]


class Shallow(Lanczos):
    """A network that takes 8 bits alone, as a provider's does."""

    facts = replace(LANCZOS_FACTS, scales=(2,), detail=Detail.INVENTED, tile_px=32, takes_16_bits=False)

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        assert pixels.dtype == np.uint8
        return super().enlarge(pixels, factor)


@pytest.mark.parametrize("upscaler", [Shallow(), open_model("", UpscalerOptions())], ids=["8 bits", "16 bits"])
def test_a_gradient_of_16_bits_keeps_its_steps(upscaler: Upscaler) -> None:
    """An 8-bit level is 257 of these: in 8 bits this gradient would be four flat stripes."""
    y, x = np.mgrid[:48, :64]
    source = np.dstack([30_000 + 6 * x + 3 * y] * 3).astype(np.uint16)
    enlarged = enlarge_whole(source, Size(128, 96), upscaler)
    assert enlarged.dtype == np.uint16
    assert np.abs(down(enlarged, 64, 48) - source)[4:-4, 4:-4].max() < 10
    assert len(np.unique(enlarged[8:-8, 8:-8])) > 200


def test_interpolation_is_left_as_it_is(photo: Pixels) -> None:
    target = Size(300, 300)
    assert (enlarge_whole(photo, target, Lanczos()) == enlarge_whole(photo, target, Lanczos(), project=False)).all()
