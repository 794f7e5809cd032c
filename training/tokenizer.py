"""The reference tokenizer: prompt text to word-piece ids, as the shipped model expects them.

Rules: lower-case; the pattern `[a-z0-9]+|,` finds words and commas; "a", "an", "the" and "of" are
dropped; each word is split greedily into the longest pieces of the vocabulary, continuation pieces
starting with `##`. A character no piece covers is skipped. Id 0 is padding.
"""

import gzip
import re
from functools import lru_cache
from pathlib import Path

PATTERN = r"[a-z0-9]+|,"
STOP_WORDS = ("a", "an", "the", "of")
TOKEN_COUNT = 32


class Tokenizer:
    """Splits prompts into word-piece ids of one vocabulary."""

    def __init__(self, pieces: list[str]) -> None:
        self._ids = {piece: index for index, piece in enumerate(pieces) if index}
        self.word_ids = lru_cache(maxsize=None)(self._split)

    @classmethod
    def from_file(cls, path: Path) -> "Tokenizer":
        """The tokenizer of a `vocabulary.txt.gz`: one piece a line, the line number its id."""
        return cls(gzip.decompress(path.read_bytes()).decode().splitlines())

    def ids(self, prompt: str) -> list[int]:
        """The ids of the prompt, at most `TOKEN_COUNT`, without padding."""
        words = re.findall(PATTERN, prompt.lower())
        found = [piece for word in words if word not in STOP_WORDS for piece in self.word_ids(word)]
        return found[:TOKEN_COUNT]

    def padded_ids(self, prompt: str) -> list[int]:
        """The ids of the prompt, filled with zeros to `TOKEN_COUNT`."""
        found = self.ids(prompt)
        return found + [0] * (TOKEN_COUNT - len(found))

    def _split(self, word: str) -> tuple[int, ...]:
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((e for e in ends if prefix + word[start:e] in self._ids), None)
            if end is None:
                start += 1
                continue
            pieces.append(self._ids[prefix + word[start:end]])
            start = end
        return tuple(pieces)
