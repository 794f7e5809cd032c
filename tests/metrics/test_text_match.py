"""Comparing texts: distances against an independent definition, and runs of whole words."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from renderlock.metrics.text_match import Match, best_run, compact, edit_distance, fold

SHORT = st.text(alphabet="abc", max_size=6)


@given(SHORT, SHORT)
def test_the_distance_is_the_fewest_edits(first: str, second: str) -> None:
    @cache
    def fewest(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        change = fewest(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        return min(change, fewest(i - 1, j) + 1, fewest(i, j - 1) + 1)

    assert edit_distance(first, second) == fewest(len(first), len(second))


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text) or compact(fold(fold(text))) == compact(fold(text))


def test_ligatures_and_wide_letters_are_plain_ones() -> None:
    assert fold("\ufb01ne \uff33\uff21\uff2c\uff25\u2026") == "fine sale..."


def test_the_run_with_the_fewest_edits_is_found_among_others() -> None:
    words = ["BIG", "AUTUMN", "SAIE", "TODAY", "AUTUMN", "SALE"]

    assert best_run("AUTUMN SALE", words, frozenset()) == Match(4, 6, 0)
    assert best_run("AUTUMN SALE", words, frozenset({5})) == Match(1, 3, 1)


def test_nothing_alike_is_no_match() -> None:
    assert best_run("SALE", ["xyz"], frozenset()) is None
