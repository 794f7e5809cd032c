"""The upscaler gate's measures on arrays whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from renderlock.imaging.back_projection import down
from renderlock.imaging.pixels import Pixels
from renderlock.metrics.fidelity import measures, windows
from renderlock.metrics.fidelity.cells import look_at
from renderlock.metrics.fidelity.measures import (
    PERFECT_DB,
    colour_shift,
    detail_ratio,
    measure_consistency,
    new_edges,
    structural,
)
from renderlock.metrics.fidelity.windows import block_maxima, finest_energy, local_range, window_means

Source = Callable[[str], Pixels]
Enlarge = Callable[[Pixels, int], Pixels]


def test_plain_interpolation_adds_nothing(source: Source) -> None:
    # Away from black and white, where interpolation would overshoot and be cut off.
    small = source("coffee.png") // 2 + 64
    large = np.asarray(Image.fromarray(small).resize((512, 512), Image.Resampling.BICUBIC))
    cells = look_at(small, large)
    # Rounding to 8 bits is all that is left of it.
    assert np.sqrt(cells.added.max()) < 1.0
    assert detail_ratio(small, cells).max() < 0.3


def test_a_picture_against_itself_is_consistent(source: Source) -> None:
    small = source("rocket.jpg")
    found = measure_consistency(small, look_at(small, small).seen)
    assert found.psnr_db == PERFECT_DB
    assert found.strangeness.max() == 0.0


def test_an_even_difference_is_measured_in_levels(source: Source) -> None:
    small = source("coffee.png")
    found = measure_consistency(small, small.astype(np.float32) + 2)
    assert found.psnr_db == pytest.approx(20 * np.log10(255 / 2))
    assert found.worst_levels == pytest.approx(2.0)


def test_an_object_from_nowhere_is_stranger_in_the_sky_than_in_hair() -> None:
    random = np.random.default_rng(1)
    small = np.full((64, 64, 3), 128, np.uint8)
    small[:, 32:] = random.integers(0, 256, (64, 32, 1), dtype=np.uint8)
    seen = small.astype(np.float32)
    seen[20:28, 10:18] += 12
    seen[20:28, 46:54] += 12
    strangeness = measure_consistency(small, seen).strangeness
    assert strangeness[24, 14] > 4
    assert strangeness[24, 50] < 0.5


def test_texture_that_scales_down_to_nothing_is_seen_as_detail(source: Source, lanczos: Enlarge) -> None:
    small = source("rocket.jpg")
    large = lanczos(small, 4).astype(np.int16)
    weave = np.add.outer(np.arange(64), np.arange(64)) % 2 * 24 - 12
    large[128:192, 128:192] += weave[..., None]
    painted = np.clip(large, 0, 255).astype(np.uint8)
    before, after = (look_at(small, picture) for picture in (lanczos(small, 4), painted))
    assert measure_consistency(small, after.seen).psnr_db > measure_consistency(small, before.seen).psnr_db - 1
    place = (slice(36, 44), slice(36, 44))
    assert detail_ratio(small, after)[place].min() > 2 * detail_ratio(small, before)[place].max()


def test_an_edge_where_the_source_is_even_is_new() -> None:
    small = np.full((32, 32, 3), 100, np.uint8)
    large = np.full((128, 128, 3), 100, np.uint8)
    large[60:64, 40:90] = 160
    found = new_edges(small, look_at(small, large))
    assert found.max() > 0.1
    assert found[4, 4] == 0.0


def test_an_edge_of_the_source_drawn_sharper_is_not_new() -> None:
    small = np.full((32, 32, 3), 60, np.uint8)
    small[:, 16:] = 180
    large = np.full((128, 128, 3), 60, np.uint8)
    large[:, 64:] = 180
    assert new_edges(small, look_at(small, large)).max() == 0.0


def test_a_shift_of_colour_is_measured_in_its_tile(source: Source) -> None:
    small = source("coffee.png")
    seen = small.astype(np.float32)
    seen[32:48, 64:80] += np.array([6, 0, -6], np.float32)
    shift = colour_shift(small, seen)
    assert shift.shape == (8, 8)
    assert [int(at) for at in np.unravel_index(shift.argmax(), shift.shape)] == [2, 4]
    assert shift[2, 4] > 1
    assert np.median(shift) == 0.0


@settings(max_examples=settings().max_examples // 5)
@example(height=70, width=3, tall=11, wide=0)
@given(height=st.integers(3, 70), width=st.integers(3, 40), tall=st.integers(0, 90), wide=st.integers(0, 90))
def test_bands_give_what_the_whole_gives_for_any_size(height: int, width: int, tall: int, wide: int) -> None:
    random = np.random.default_rng(height * 100 + width)
    small = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    large = random.integers(0, 256, (height + tall, width + wide, 3), dtype=np.uint8)
    cells = look_at(small, large)
    edges = [
        [math.floor(Fraction(cell * length, cells) + Fraction(1, 2)) for cell in range(cells + 1)]
        for cells, length in ((height, height + tall), (width, width + wide))
    ]
    luma = large.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    for row in (0, height // 2, height - 1):
        part = luma[edges[0][row] : edges[0][row + 1], edges[1][-2] : edges[1][-1]]
        assert cells.high[row, -1] == pytest.approx(part.max(), abs=1e-3)
        assert cells.low[row, -1] == pytest.approx(part.min(), abs=1e-3)
    assert cells.seen == pytest.approx(down(large, width, height))


def test_a_result_smaller_than_its_source_is_refused() -> None:
    small = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="smaller"):
        look_at(small, small[:4])


def test_window_means_ranges_and_blocks_are_what_they_say() -> None:
    plane = np.random.default_rng(2).random((20, 30)).astype(np.float32)
    assert window_means(plane, 4)[10, 10] == pytest.approx(plane[8:12, 8:12].mean(), abs=1e-6)
    assert local_range(plane, 5)[10, 10] == pytest.approx(np.ptp(plane[8:13, 8:13]))
    assert block_maxima(plane, 16).shape == (2, 2)
    assert block_maxima(plane, 16)[1, 1] == pytest.approx(plane[16:, 16:].max())
    assert finest_energy(np.full((9, 9, 3), 7, np.float32)).max() == 0.0


def test_a_picture_higher_than_a_band_is_measured_as_if_it_were_one(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = source("coffee.png")
    large = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)
    cells = look_at(small, large)

    def measure() -> list[float]:
        strangeness = measure_consistency(small, cells.seen).strangeness
        maps = strangeness, detail_ratio(small, cells), new_edges(small, cells)
        return [*(float(plane.astype(float).sum()) for plane in maps), structural(small, cells.seen)]

    whole = measure()
    monkeypatch.setattr(windows, "BAND_ROWS", 48)
    monkeypatch.setattr(measures, "BAND_ROWS", 48)
    assert measure() == pytest.approx(whole, rel=1e-6)
