"""The picture that shows which border is bad."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams import SeamLine, SeamScore, draw_seams, score_seams

Photograph = Callable[[str], Pixels]
Lines = Callable[[Pixels, int, int], Sequence[SeamLine]]

RED, GREEN, FRAME = np.array([225, 30, 45]), np.array([40, 160, 90]), np.array([255, 205, 40])
MARGIN = 12


def count(drawn: Pixels, colour: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    """How many pixels have exactly this colour."""
    return int((drawn == colour).all(axis=2).sum())


def test_a_picture_without_seams_is_marked_in_green_only(photograph: Photograph, lines: Lines) -> None:
    picture = photograph("coffee.png")
    drawn = draw_seams(picture, score_seams(picture, lines(picture, 2, 2)))
    assert count(drawn, RED) == 0
    assert count(drawn, GREEN) > 1000


def test_a_bad_border_is_red_beside_itself_and_enlarged_below(photograph: Photograph, lines: Lines) -> None:
    picture = photograph("rocket.jpg").copy()
    picture[:, 320:] = np.clip(picture[:, 320:].astype(np.int16) + 8, 0, 255)
    score = score_seams(picture, lines(picture, 2, 1))
    drawn = draw_seams(picture, score)
    above = drawn[MARGIN : MARGIN + picture.shape[0], MARGIN : MARGIN + picture.shape[1]]
    assert count(above[:, 310:330], RED) > picture.shape[0]
    assert np.array_equal(above[:, 318:323], picture[:, 318:323])
    assert drawn.shape[0] > picture.shape[0] + 384


def test_borders_that_show_are_numbered_and_the_enlargement_is_framed(photograph: Photograph, lines: Lines) -> None:
    picture = photograph("rocket.jpg").copy()
    picture[:, 320:] = np.clip(picture[:, 320:].astype(np.int16) + 8, 0, 255)
    drawn = draw_seams(picture, score_seams(picture, lines(picture, 2, 1)))
    plain = draw_seams(picture, SeamScore((), (), ()))
    assert count(drawn, FRAME) > 100
    assert count(plain, FRAME) == 0
    assert count(drawn, RED) > 6 * (picture.shape[0] - 8) + 300


@pytest.mark.parametrize(("change", "grey"), [("brighter", False), ("displaced", True)])
def test_a_step_is_shown_by_contrast_and_a_displacement_by_its_detail(
    photograph: Photograph, lines: Lines, change: str, *, grey: bool
) -> None:
    picture = photograph("astronaut.png").copy()
    right = picture[:, 256:].astype(np.int16)
    picture[:, 256:] = np.clip(right + 6, 0, 255) if change == "brighter" else np.roll(right, 1, axis=0)
    drawn = draw_seams(picture, score_seams(picture, lines(picture, 2, 1)))
    panel = drawn[-384 - MARGIN : -MARGIN - 30, 2 * MARGIN + 384 + 220 : 2 * MARGIN + 384 + 380].astype(int)
    assert bool((np.ptp(panel, axis=2) == 0).all()) is grey


def test_a_large_picture_is_drawn_small(lines: Lines) -> None:
    picture = np.random.default_rng(2).integers(0, 255, (700, 1500, 3), dtype=np.uint8)
    drawn = draw_seams(picture, score_seams(picture, lines(picture, 3, 2)))
    assert drawn.shape[1] == 1280 + 2 * MARGIN
