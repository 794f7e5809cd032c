"""The fonts that an SVG's text asks for, held against the fonts given, letter by letter.

The first family of a list must be there: the families after it, and the generic ones, would draw other letters than
the designer saw.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from renderlock.errors import FontMissing
from renderlock.imaging.overlay_css import Sheet
from renderlock.imaging.overlay_fonts import Face, Fonts
from renderlock.imaging.overlay_nodes import Node

_SHORTHAND = re.compile(r"(?P<before>.*?)(?:^|\s)[\d.]+(?:px|pt|em|rem|ex|mm|cm|in|pc|%)(?:/\S+)?\s+(?P<family>.+)")
_INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me")
_WEIGHT_WORDS = {"normal": 400, "bold": 700}
_MOST_NAMED = 8
_WEIGHT_TOLERANCE = 100
"""How far the nearest face may be from the weight asked for; fonts call 500 and 600 differently."""


@dataclass(frozen=True)
class Style:
    """The font that an element's text asks for; no family where none is named."""

    family: str = ""
    weight: int = 400
    italic: bool = False

    def __str__(self) -> str:
        return f"{self.family} {self.weight}{' italic' if self.italic else ''}"


def check_fonts(root: Node, sheet: Sheet, fonts: Fonts, file: str) -> frozenset[str]:
    """The families that the text uses.

    Raises `FontMissing` with the line, what is asked for and what was found, for a family, a weight, a slant or a
    letter that the fonts do not have.
    """
    used: set[str] = set()
    for node, style in _styled(root, Style(), sheet):
        if node.tag not in ("text", "tspan", "textPath", "a") or not node.own_text.strip():
            continue
        face = _face_for(style, fonts, node, file)
        used.add(style.family)
        missing = _missing_letters(node.own_text, face)
        if missing:
            asked = f"{'the letter' if len(missing) == 1 else 'letters'} {_said(missing)} of {face}"
            raise _missing(asked, fonts, node, file)
    return frozenset(used)


def _missing_letters(text: str, face: Face) -> list[str]:
    """The letters that a face cannot draw, each once, in their order."""
    visible = (letter for letter in dict.fromkeys(text) if unicodedata.category(letter) not in _INVISIBLE)
    return [letter for letter in visible if ord(letter) not in face.characters]


def _said(letters: list[str]) -> str:
    named = ", ".join(f"{letter!r} (U+{ord(letter):04X})" for letter in letters[:_MOST_NAMED])
    return named if len(letters) <= _MOST_NAMED else f"{named} and {len(letters) - _MOST_NAMED} more"


def _missing(asked: str, fonts: Fonts, node: Node, file: str) -> FontMissing:
    return FontMissing(file=file, line=node.line, asked=asked, folder=fonts.folder, found=fonts.listing())


def _styled(node: Node, inherited: Style, sheet: Sheet) -> Iterator[tuple[Node, Style]]:
    style = inherited
    for name, value in sheet.declarations(node):
        style = _applied(style, inherited, name, value)
    yield node, style
    for child in node.elements():
        yield from _styled(child, style, sheet)


def _applied(style: Style, inherited: Style, name: str, value: str) -> Style:
    """The style after one more declaration."""
    word = value.strip().lower()
    if name not in ("font", "font-family", "font-weight", "font-style"):
        return style
    if word in ("inherit", "unset"):
        return {
            "font": inherited,
            "font-family": replace(style, family=inherited.family),
            "font-weight": replace(style, weight=inherited.weight),
            "font-style": replace(style, italic=inherited.italic),
        }[name]
    if name == "font-family":
        return replace(style, family=_first_family(value))
    if name == "font-style":
        return replace(style, italic=word.startswith(("italic", "oblique")))
    if name == "font-weight":
        return replace(style, weight=_weight(word, inherited.weight))
    return _shorthand(value, style)


def _shorthand(value: str, style: Style) -> Style:
    match = _SHORTHAND.fullmatch(value.strip())
    if match is None:
        return style
    words = match["before"].lower().split()
    weights = [_weight(word, 400) for word in words if word in _WEIGHT_WORDS or word.isdigit()]
    italic = any(word.startswith(("italic", "oblique")) for word in words)
    return Style(_first_family(match["family"]), max(weights, default=400), italic)


def _weight(word: str, inherited: int) -> int:
    if word == "bolder":
        return 400 if inherited < 350 else 700 if inherited < 550 else 900
    if word == "lighter":
        return 100 if inherited < 550 else 400 if inherited < 750 else 700
    if word.isdigit():
        return int(word)
    return _WEIGHT_WORDS.get(word, inherited)


def _first_family(value: str) -> str:
    text = value.strip()
    if text[:1] in ("'", '"'):
        return text[1:].partition(text[0])[0]
    return " ".join(text.partition(",")[0].split())


def _face_for(style: Style, fonts: Fonts, node: Node, file: str) -> Face:
    faces = fonts.family(style.family)
    if not faces:
        asked = f"the font family {style.family!r}" if style.family else "no font family at all"
        raise _missing(asked, fonts, node, file)
    nearest = min(faces, key=lambda face: (face.italic != style.italic, abs(face.weight - style.weight)))
    if nearest.italic != style.italic or abs(nearest.weight - style.weight) > _WEIGHT_TOLERANCE:
        raise _missing(f"the face {style}", fonts, node, file)
    return nearest
