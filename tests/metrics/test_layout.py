"""Layout: where things are, whatever their colour and texture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.layout import layout_distances, mean_occupancy, measure_layout
from renderlock.metrics.reduction import reduce_to, to_lab

Rgb = tuple[int, int, int]
Disc = Callable[[float, float, Rgb], Pixels]
Grain = Callable[[Pixels, int], Pixels]

RED, BLUE = (200, 40, 40), (40, 70, 190)


@pytest.mark.parametrize(("x", "y"), [(0.5, 0.5), (0.3, 0.7), (0.72, 0.25)])
def test_the_centre_of_a_disc_is_where_it_was_drawn(disc: Disc, x: float, y: float) -> None:
    found = measure_layout(disc(x, y, RED))
    assert found.centre == pytest.approx((x, y), abs=0.003)


def test_the_area_of_a_disc_is_the_area_of_a_circle(disc: Disc) -> None:
    found = measure_layout(disc(0.5, 0.5, RED))
    # Pixels on the rim stand out although the disc covers only part of them.
    assert found.area == pytest.approx(np.pi * 0.15**2, rel=0.08)


def test_a_moved_disc_changes_the_layout_far_more_than_its_grain(disc: Disc, grain: Grain) -> None:
    still = disc(0.35, 0.5, RED)
    pictures = [still, disc(0.65, 0.5, RED), grain(still, 1)]
    distances = layout_distances([measure_layout(picture) for picture in pictures]).combined
    assert distances[0, 1] > 0.5
    assert distances[0, 2] < 0.05


def test_a_recoloured_disc_keeps_its_layout(disc: Disc) -> None:
    layouts = [measure_layout(disc(0.4, 0.6, colour)) for colour in (RED, BLUE, (30, 110, 40))]
    found = layout_distances(layouts)
    assert found.occupancy.max() < 0.05
    assert found.combined.max() < 0.03


def test_a_vignette_is_not_taken_for_a_subject(disc: Disc) -> None:
    picture = disc(0.5, 0.5, RED).astype(np.float64)
    y, x = np.meshgrid(*[np.linspace(-1, 1, 192)] * 2, indexing="ij")
    darkened = np.rint(picture * (1 - 0.3 * (x * x + y * y) / 2)[..., None]).astype(np.uint8)
    assert measure_layout(darkened).area == pytest.approx(measure_layout(disc(0.5, 0.5, RED)).area, rel=0.15)


def test_a_subject_cut_by_the_edge_still_stands_out() -> None:
    picture = np.full((96, 96, 3), 235, np.uint8)
    picture[30:, 20:76] = RED
    found = measure_layout(picture)
    assert found.area == pytest.approx(66 * 56 / 96**2, rel=0.1)


def test_a_horizon_is_ground_on_both_sides() -> None:
    picture = np.full((96, 96, 3), (150, 190, 230), np.uint8)
    picture[48:] = (90, 120, 60)
    assert measure_layout(picture).area < 0.05


@pytest.mark.parametrize("value", [0, 128, 255])
def test_in_a_flat_picture_nothing_stands_out(value: int) -> None:
    found = measure_layout(np.full((50, 70, 3), value, np.uint8))
    assert found.centre is None
    assert found.area == 0
    assert not found.light.any()
    assert not found.frequencies.any()


def test_flat_pictures_of_any_lightness_have_the_same_layout() -> None:
    flat = [measure_layout(np.full((20, 20, 3), value, np.uint8)) for value in (0, 90, 255)]
    assert layout_distances(flat).combined.max() == 0


def test_an_inverted_picture_lies_at_the_far_end_of_the_light_view(scene: Pixels) -> None:
    grey = np.repeat(scene.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    found = layout_distances([measure_layout(grey), measure_layout(255 - grey)])
    assert found.light[0, 1] > 0.98
    assert found.frequencies[0, 1] > 0.7


def test_frequency_signs_agree_with_an_independent_cosine_transform(scene: Pixels) -> None:
    lightness = to_lab(reduce_to(scene, 96, 96))[..., 0].reshape(32, 3, 32, 3).mean(axis=(1, 3))
    # A DCT-II is the Fourier transform of the picture mirrored at its edges.
    mirrored = np.pad(lightness, ((0, 32), (0, 32)), mode="symmetric")
    turn = np.exp(-1j * np.pi * np.arange(64) / 64)
    spectrum = np.fft.fft2(mirrored) * np.outer(turn, turn)
    expected = np.sign(spectrum.real[:8, :8].ravel()[1:])
    found = measure_layout(scene).frequencies
    decided = found != 0
    assert decided.sum() > 30
    assert np.array_equal(found[decided], expected[decided])


def test_mean_occupancy_is_the_share_of_pictures_that_fill_a_place(disc: Disc) -> None:
    layouts = [measure_layout(disc(0.25, 0.5, RED)), measure_layout(disc(0.75, 0.5, RED))]
    heat = mean_occupancy(layouts)
    assert heat[6, 3] == pytest.approx(0.5, abs=0.02)
    assert heat[0, 0] == 0


def test_distances_do_not_depend_on_the_size_of_the_pictures(disc: Disc) -> None:
    picture = disc(0.4, 0.4, RED)
    doubled = picture.repeat(2, axis=0).repeat(2, axis=1)
    assert layout_distances([measure_layout(picture), measure_layout(doubled)]).combined.max() < 1e-9


@settings(max_examples=settings().max_examples // 4)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 40), width=st.integers(1, 40))
def test_distances_are_symmetrical_bounded_and_zero_to_oneself(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    pictures = [random.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(3)]
    layouts = [measure_layout(picture) for picture in [*pictures, pictures[0]]]
    distances = layout_distances(layouts).combined
    assert np.array_equal(distances, distances.T)
    assert distances.min() >= 0
    assert distances.max() <= 1
    assert distances[0, 3] == pytest.approx(0, abs=1e-12)
