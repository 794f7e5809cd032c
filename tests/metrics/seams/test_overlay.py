"""The picture that shows which border is bad."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams import SeamLine, draw_seams, score_seams

Photograph = Callable[[str], Pixels]
Lines = Callable[[Pixels, int, int], Sequence[SeamLine]]

RED, GREEN = np.array([225, 30, 45]), np.array([40, 160, 90])
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


def test_a_large_picture_is_drawn_small(lines: Lines) -> None:
    picture = np.random.default_rng(2).integers(0, 255, (700, 1500, 3), dtype=np.uint8)
    drawn = draw_seams(picture, score_seams(picture, lines(picture, 3, 2)))
    assert drawn.shape[1] == 1280 + 2 * MARGIN
