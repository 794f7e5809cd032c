"""Holds wanted strings against the words that were read, so that one letter too many is one letter wrong.

Folding, the same on both sides: Unicode NFKC, case (`casefold`), typographic quotes and dashes as ASCII. Accents count.
A string matches a run of whole words; spaces between them do not count, as readers drop them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_SAME = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u2032": "'", "`": "'", "\u00b4": "'", "\u201c": '"', "\u201d": '"',
    "\u201e": '"', "«": '"', "»": '"', "\u2033": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-",
    "\u2014": "-", "\u2212": "-", "\u00d7": "x",
})  # fmt: skip
_SLACK_WORDS = 2
"""How many words more or fewer than wanted a run may have: readers split and join words."""


@dataclass(frozen=True)
class Match:
    """The best run for a wanted string: the words from `start` to before `stop`, and how many edits apart."""

    start: int
    stop: int
    edits: int


def fold(text: str) -> str:
    """The text as it is compared."""
    return unicodedata.normalize("NFKC", text).translate(_SAME).casefold()


def compact(text: str) -> str:
    """The folded text without spaces."""
    return "".join(fold(text).split())


def best_run(wanted: str, words: Sequence[str], taken: frozenset[int]) -> Match | None:
    """The run of words not taken that is fewest edits from `wanted`; None where every run shares nothing with it."""
    target, count = compact(wanted), len(wanted.split())
    best: Match | None = None
    for start in range(len(words)):
        text = ""
        for stop in range(start + 1, min(len(words), start + count + _SLACK_WORDS) + 1):
            if stop - 1 in taken:
                break
            text += compact(words[stop - 1])
            edits = edit_distance(target, text)
            if edits < len(target) and (best is None or edits < best.edits):
                best = Match(start, stop, edits)
    return best


def word_hits(wanted: str, words: Sequence[str], *, edits: int) -> int:
    """How many of the wanted words are among the words read, each word read counted once."""
    asked = [compact(word) for word in wanted.split()]
    if edits == 0:
        return len(asked)
    left = [compact(word) for word in words]
    hits = 0
    for word in asked:
        if word in left:
            left.remove(word)
            hits += 1
    return hits


def edit_distance(first: str, second: str) -> int:
    """Levenshtein's distance: the fewest letters to put in, take out or change (Levenshtein 1966)."""
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, start=1):
        before, row[0] = row[0], number
        for column, other in enumerate(second, start=1):
            cost = min(row[column] + 1, row[column - 1] + 1, before + (letter != other))
            before, row[column] = row[column], cost
    return row[-1]
