"""Lettering: nothing is drawn as an empty box, and no line leaves its width."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderlock.imaging.lettering import GAP, Style, draw_line, drawable, fit_line, text_width, wrap_lines

STYLE = Style(20, (0, 0, 0))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain text, 100%", "plain text, 100%"),
        ("Käse, crème brûlée", "Kase, creme brulee"),
        ("Straße – 512×512", "Strasse - 512x512"),
        ("日本語", GAP),
        ("a 日本 b 😀", f"a {GAP} b {GAP}"),
        ("a\u202eb\x00c\nd", "ab c d"),
        ("", ""),
    ],
)
def test_text_is_spelled_with_what_the_font_has(text: str, drawn: str) -> None:
    assert drawable(text) == drawn


@given(st.text(max_size=60))
def test_drawable_text_stays_as_it_is(text: str) -> None:
    once = drawable(text)
    assert drawable(once) == once
    assert "\n" not in once


@given(st.text(st.characters(codec="ascii"), max_size=200), st.integers(40, 400))
def test_a_fitted_line_never_leaves_its_width(text: str, width: int) -> None:
    assert text_width(fit_line(text, STYLE, width), STYLE) <= width


def test_wrapping_keeps_every_word_until_the_lines_run_out() -> None:
    text = "one two three four five six seven"
    assert " ".join(wrap_lines(text, STYLE, 100, most=9)) == text
    short = wrap_lines(text, STYLE, 100, most=2)
    assert len(short) == 2
    assert short[-1].endswith("…")


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert all(text_width(line, STYLE) <= 100 for line in wrap_lines("x" * 5000 + " y", STYLE, 100, most=3))


def test_bold_text_is_darker() -> None:
    darkness = []
    for bold in (False, True):
        picture = Image.new("RGB", (200, 40), "white")
        draw_line(picture, (5, 5), "renderlock", Style(24, (0, 0, 0), bold))
        darkness.append(255 - np.asarray(picture).mean())
    assert darkness[1] > 1.1 * darkness[0]
