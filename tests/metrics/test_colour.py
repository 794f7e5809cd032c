"""Colour: what is there, wherever it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.colour import mean_colour_distances, measure_colour, palette_distances, to_oklab

Rgb = tuple[int, int, int]
Disc = Callable[[float, float, Rgb], Pixels]


def _flat(colour: Rgb) -> Pixels:
    return np.full((40, 60, 3), colour, np.uint8)


def test_the_mean_of_a_flat_picture_is_its_colour_in_lab() -> None:
    # Published values for sRGB red under D65.
    assert measure_colour(_flat((255, 0, 0))).mean == pytest.approx([53.24, 80.09, 67.20], abs=0.03)


def test_mean_colours_differ_by_the_published_ciede2000() -> None:
    # Sharma, Wu, Dalal 2005: black against white is exactly 100.
    found = mean_colour_distances([measure_colour(_flat(colour)) for colour in ((0, 0, 0), (255, 255, 255))])
    assert found[0, 1] == pytest.approx(100, abs=0.01)


def test_oklab_of_white_and_red_are_ottossons_values() -> None:
    found = to_oklab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8))
    assert found[0] == pytest.approx([1, 0, 0], abs=1e-6)
    assert found[1] == pytest.approx([0.62796, 0.22486, 0.12585], abs=1e-4)


def test_a_moved_disc_keeps_its_colours(disc: Disc) -> None:
    colours = [measure_colour(disc(x, 0.5, (200, 40, 40))) for x in (0.3, 0.5, 0.7)]
    assert mean_colour_distances(colours).max() < 0.1
    assert palette_distances(colours).max() < 0.5


def test_a_recoloured_disc_moves_mean_and_palette(disc: Disc) -> None:
    colours = [measure_colour(disc(0.5, 0.5, colour)) for colour in ((200, 40, 40), (40, 70, 190))]
    assert mean_colour_distances(colours)[0, 1] > 2
    assert palette_distances(colours)[0, 1] > 2


def test_the_palette_sees_a_swap_that_the_mean_does_not() -> None:
    halves = [np.concatenate([_flat(first), _flat(second)]) for first, second in (((90,) * 3, (166,) * 3),)]
    pictures = [halves[0], _flat((128, 128, 128))]
    colours = [measure_colour(picture) for picture in pictures]
    assert mean_colour_distances(colours)[0, 1] < 2
    assert palette_distances(colours)[0, 1] > 10


def test_the_palette_distance_is_the_same_from_both_sides() -> None:
    # Every colour of the first occurs in the second, which has one more: only one direction sees it.
    both = np.concatenate([_flat((200, 30, 60)), _flat((30, 160, 90))])
    pictures = [measure_colour(picture) for picture in (_flat((200, 30, 60)), both)]
    apart = mean_colour_distances([measure_colour(_flat(colour)) for colour in ((200, 30, 60), (30, 160, 90))])[0, 1]
    found = palette_distances(pictures)
    # Nothing one way, half of the picture the other way, averaged.
    assert found[0, 1] == found[1, 0] == pytest.approx(apart / 4, rel=0.02)


def test_palette_shares_are_the_areas_of_the_colours() -> None:
    picture = np.full((64, 64, 3), (250, 250, 250), np.uint8)
    picture[:16] = (10, 20, 200)
    found = measure_colour(picture)
    assert found.shares == pytest.approx([0.75, 0.25])
    assert found.palette_rgb.tolist() == [[250, 250, 250], [10, 20, 200]]


def test_the_palette_distance_of_two_flat_pictures_is_their_colour_difference() -> None:
    colours = [measure_colour(_flat(colour)) for colour in ((200, 30, 60), (30, 160, 90))]
    assert palette_distances(colours)[0, 1] == pytest.approx(mean_colour_distances(colours)[0, 1])


def test_transparency_is_measured_over_middle_grey() -> None:
    clear = np.zeros((8, 8, 4), np.uint8)
    found = mean_colour_distances([measure_colour(clear), measure_colour(_flat((128, 128, 128)))])
    assert found[0, 1] == 0
