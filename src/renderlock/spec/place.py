"""Places in configuration files: where a value was written, and the dotted path that names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of a document down to one value."""

_SIMPLE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_LONGEST_KEY_SHOWN = 80


@dataclass(frozen=True)
class Place:
    """A position in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def dotted(path: KeyPath) -> str:
    """The path as people write it: `steps[1].size`; unusual keys in quotes: `assets["a b"].prompt`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _SIMPLE_KEY.match(part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part, _LONGEST_KEY_SHOWN)}]"
    return text


def quoted(text: str, longest: int) -> str:
    """The text in quotes on one line, cut to `longest` characters, with nothing a terminal would act on."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[:longest])
    return f'"{shown}…"' if len(text) > longest else f'"{shown}"'
