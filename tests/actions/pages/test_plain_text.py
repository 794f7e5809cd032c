"""User text made safe to look at."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.actions.pages.plain_text import shortened, visible_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"),
        ("nul\x00", "nul⟨U+0000⟩"),
        ("\ufeffbom", "⟨U+FEFF⟩bom"),
        ("half \ud83d", "half ⟨U+D83D⟩"),
        ("line\nand\ttab", "line\nand\ttab"),
        ("👩\u200d🎨 क्\u200cष", "👩\u200d🎨 क्\u200cष"),
    ],
)
def test_hidden_characters_are_spelled_out_and_others_kept(text: str, shown: str) -> None:
    assert visible_text(text) == shown


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_what_is_shown_holds_no_control_and_can_be_written_to_a_file(text: str) -> None:
    shown = visible_text(text)
    shown.encode("utf-8")
    kept = set("\n\t\u200c\u200d")
    assert not [one for one in shown if unicodedata.category(one) in ("Cc", "Cf", "Cs") and one not in kept]


@given(st.text(), st.integers(2, 50))
def test_a_shortened_text_is_one_line_of_at_most_its_length(text: str, longest: int) -> None:
    line = shortened(text, longest)
    assert len(line) <= longest
    assert "\n" not in line


def test_a_text_is_cut_at_a_space_and_says_so() -> None:
    assert shortened("studio lighting on white", 20) == "studio lighting on…"
    assert shortened("short", 20) == "short"
