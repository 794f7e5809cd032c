"""Text drawn into pictures, with the one font that Pillow brings, so that every machine draws the same letters.

That font holds little more than ASCII. What it lacks is never drawn as a box: accents are dropped, known signs are
spelled in ASCII, and anything else becomes `[...]`; pages in HTML carry the text as it was written.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

GAP = "[...]"
"""What stands for a run of characters that the font cannot draw."""

_SPELLED = {
    "–": "-", "—": "-", "\u2011": "-", "−": "-", "×": "x", "≈": "~", "≤": "<=", "≥": ">=", "→": "->", "↔": "<->",
    "Δ": "delta ", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "\u0131": "i", "«": '"', "»": '"', "„": '"', "\u00a0": " ",
}  # fmt: skip

_LONGEST_DRAWN = 2_000
"""Characters of a text that are looked at; nobody reads more from a picture."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Style:
    """How text looks: height in pixels, colour, and whether it is bold."""

    size_px: int
    colour: Colour
    bold: bool = False

    @property
    def line_px(self) -> int:
        """The height of one line with its leading."""
        return round(self.size_px * 1.35)


def drawable(text: str) -> str:
    """The text in characters the font has, on one line, with `[...]` for every run it cannot draw."""
    pieces: list[str] = []
    for character in unicodedata.normalize("NFC", text[:_LONGEST_DRAWN]):
        piece = _drawn_as(character)
        if piece != GAP or not pieces or pieces[-1] != GAP:
            pieces.append(piece)
    return " ".join("".join(pieces).split())


def text_width(text: str, style: Style) -> int:
    """The width in pixels of a drawable text on one line."""
    return int(_font(style.size_px).getlength(text)) + 1


def fit_line(text: str, style: Style, width: int) -> str:
    """The text made drawable, and cut with an ellipsis where it is wider than `width` pixels."""
    line = drawable(text)
    if text_width(line, style) <= width:
        return line
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(line[:middle].rstrip() + "…", style) <= width:
            low = middle
        else:
            high = middle - 1
    return line[:low].rstrip() + "…"


def wrap_lines(text: str, style: Style, width: int, *, most: int) -> list[str]:
    """At most `most` lines of the text made drawable, broken at spaces, with an ellipsis if more follows."""
    words = drawable(text).split(" ")
    lines: list[str] = []
    while words and len(lines) < most - 1:
        taken = _words_that_fit(words, style, width)
        lines.append(fit_line(" ".join(words[:taken]), style, width))
        words = words[taken:]
    return [*lines, fit_line(" ".join(words), style, width)] if words else lines


def draw_line(picture: Image.Image, at: tuple[int, int], text: str, style: Style) -> None:
    """Draws a drawable text with its left top corner at `at`."""
    pen = ImageDraw.Draw(picture)
    weight = style.size_px / 60 if style.bold else 0
    pen.text(at, text, fill=style.colour, font=_font(style.size_px), stroke_width=weight)


def _words_that_fit(words: list[str], style: Style, width: int) -> int:
    taken = 1
    while taken < len(words) and text_width(" ".join(words[: taken + 1]), style) <= width:
        taken += 1
    return taken


@lru_cache(maxsize=32)
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


@lru_cache(maxsize=4096)
def _drawn_as(character: str) -> str:
    if character in _SPELLED:
        return _SPELLED[character]
    if unicodedata.category(character) in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    if unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return ""
    base = unicodedata.normalize("NFKD", character)[0]
    return next((candidate for candidate in (character, base) if _has_glyph(candidate)), GAP)


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    return bytes(_font(40).getmask(character)) != bytes(_font(40).getmask("\uffff"))
