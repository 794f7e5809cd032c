"""User text made safe to look at: what is invisible or turns the line round is shown, not obeyed."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
"""Zero-width joiners stay: emoji and several scripts are spelled with them, and they move nothing."""


def visible_text(text: str) -> str:
    """The text with control, bidirectional and other format characters written out as `⟨U+202E⟩`.

    Line feeds and tabs stay. Lone surrogates, which no file can hold, are written out too.
    """
    return "".join(_shown(character) for character in text)


def shortened(text: str, longest: int) -> str:
    """The text on one line, cut after at most `longest` characters with an ellipsis, at a space where there is one."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > longest // 2 else cut) + "…"


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\n\t" + _JOINERS
    return f"⟨U+{ord(character):04X}⟩" if hidden else character
