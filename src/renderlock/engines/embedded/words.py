"""Prompts as the model reads them: word pieces, and an account of every word it cannot read.

The rules (pattern, dropped words, most pieces) come with the weights, as training fixed them; this module
applies them and says in deviations what of a prompt was left out or pieced together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.engines.embedded.weights import TokenRules
from renderlock.spec.deviation import Deviation

PADDING = 0


@dataclass(frozen=True)
class Reading:
    """What the model reads of a text: piece ids, T of them, padded with 0, and what it reads differently."""

    tokens: NDArray[np.int64]
    deviations: tuple[Deviation, ...]


class Tokenizer:
    """Greedy longest-match word pieces (Wu et al. 2016, arXiv 1609.08144, as BERT spells them: `##` continues)."""

    def __init__(self, pieces: list[str], rules: TokenRules, caption_words: frozenset[str] | None) -> None:
        """`pieces` by id, the first being padding; `caption_words` all words of the training captions, where known."""
        self._pieces = pieces
        self._ids = {piece: index for index, piece in enumerate(pieces) if index != PADDING}
        self._rules = rules
        self._caption_words = caption_words
        self._longest = max((len(piece) for piece in pieces), default=0)

    def read(self, text: str, field: str) -> Reading:
        """The ids of `text`, with one deviation of `field` for each word that is not read as written."""
        words = [word for word in re.findall(self._rules.pattern, text.lower()) if word not in self._rules.stop_words]
        ids = [index for word in words for index in self._split(word)]
        most = self._rules.most_pieces
        deviations = [*self._unreadable(text, field), *self._unknown(words, field)]
        if len(ids) > most:
            last = self._pieces[ids[most - 1]].removeprefix("##")
            deviations.append(
                Deviation(
                    field, f"{len(ids)} word pieces", f"the first {most}", f"the model reads no further than {last!r}"
                )
            )
        tokens = np.zeros(most, np.int64)
        tokens[: len(ids)] = ids[:most]
        return Reading(tokens, tuple(deviations))

    def _split(self, word: str) -> list[int]:
        """The longest pieces from the left; a character that no piece covers is skipped."""
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            furthest = min(len(word), start + self._longest)
            for end in range(furthest, start, -1):
                index = self._ids.get(prefix + word[start:end])
                if index is not None:
                    found.append(index)
                    start = end
                    break
            else:
                start += 1
        return found

    def _unknown(self, words: list[str], field: str) -> list[Deviation]:
        """One deviation for each different word of no caption or, where captions are not known, not in one piece."""
        known: Container[str] = self._ids
        reason = "the word is not in the model's vocabulary"
        if self._caption_words is not None:
            known, reason = self._caption_words, "no caption the model was trained on has this word"
        deviations = []
        for word in dict.fromkeys(words):
            if word.isalpha() and word not in known:
                pieces = " ".join(self._pieces[index] for index in self._split(word))
                deviations.append(Deviation(field, word, f"read as {pieces}" if pieces else "left out", reason))
        return deviations

    def _unreadable(self, text: str, field: str) -> list[Deviation]:
        """One deviation for each chunk between spaces with letters or signs outside the model's alphabet."""
        deviations = []
        for chunk in dict.fromkeys(text.split()):
            if any(_carries_meaning(character) for character in chunk):
                kept = " ".join(re.findall(self._rules.pattern, chunk.lower()))
                done = f"read as {kept}" if kept else "left out"
                deviations.append(Deviation(field, chunk, done, "the model reads a to z and 0 to 9 only"))
        return deviations


def _carries_meaning(character: str) -> bool:
    """Whether a character outside ASCII is a letter, a digit or a sign, so that dropping it loses something."""
    return not character.isascii() and unicodedata.category(character)[0] in "LNS"
