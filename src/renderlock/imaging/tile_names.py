"""What a tile file says about its place: our own text in a PNG, or numbers in its name, from this tool or another.

The text under `renderlock-tile` is JSON with `format` (`renderlock tile 1`), `left`, `top`, `canvas_width` and
`canvas_height` in pixels, and `of`, a name that all tiles of one canvas share. `docs/merge.md` lists the names.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from renderlock.imaging.tiles import Tile

TILE_KEY = "renderlock-tile"
TILE_FORMAT = "renderlock tile 1"


@dataclass(frozen=True)
class TilePlace:
    """Where a tile's upper left corner lies on its canvas, in pixels, and which canvas that is."""

    left: int
    top: int
    canvas_width: int
    canvas_height: int
    of: str = ""

    def to_text(self) -> str:
        """The text of the PNG chunk named `TILE_KEY`."""
        return json.dumps({"format": TILE_FORMAT, **vars(self)}, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> TilePlace:
        """The place such a text says; raises `ValueError` where it says none."""
        fields: object = json.loads(text)
        if not isinstance(fields, dict) or fields.get("format") != TILE_FORMAT:
            raise ValueError(f"its {TILE_KEY} text is not of the format {TILE_FORMAT!r}")
        numbers = [fields.get(name) for name in ("left", "top", "canvas_width", "canvas_height")]
        whole = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
        if len(whole) < 4 or min(whole) < 0:
            raise ValueError(f"its {TILE_KEY} text does not say where the tile lies")
        left, top, canvas_width, canvas_height = whole
        return cls(left, top, canvas_width, canvas_height, str(fields.get("of", "")))


@dataclass(frozen=True)
class OffsetName:
    """A file name that says a tile's upper left corner in pixels."""

    left: int
    top: int


@dataclass(frozen=True)
class CellName:
    """A file name that says a tile's column and row, counted from 0 or from 1."""

    column: int
    row: int


NamedPlace = OffsetName | CellName

_NUMBER = "[-_ .,=]*([0-9]{1,6})"
_GAP = "[-_ .,]*"
_OFFSETS = (
    re.compile(f"(?:^|[^a-z])x{_NUMBER}{_GAP}y{_NUMBER}(?![0-9])"),
    re.compile(f"(?:^|[^a-z])left{_NUMBER}{_GAP}top{_NUMBER}(?![0-9])"),
)
"""`x0_y896`, `x=0,y=896` (QuPath), `left_0_top_896`; a width and height after them are not needed."""

_OFFSETS_DOWN_FIRST = (
    re.compile(f"(?:^|[^a-z])y{_NUMBER}{_GAP}x{_NUMBER}(?![0-9])"),
    re.compile(f"(?:^|[^a-z])top{_NUMBER}{_GAP}left{_NUMBER}(?![0-9])"),
)
_ROW_COLUMN = re.compile(f"(?:^|[^a-z])r(?:ow)?{_NUMBER}{_GAP}c(?:ol(?:umn)?)?{_NUMBER}(?![0-9])")
_COLUMN_ROW = re.compile(f"(?:^|[^a-z])c(?:ol(?:umn)?)?{_NUMBER}{_GAP}r(?:ow)?{_NUMBER}(?![0-9])")
_DEEP_ZOOM = re.compile("([0-9]{1,6})_([0-9]{1,6})")
_RETILED = re.compile(".*[^0-9][-_]([0-9]{1,6})[-_]([0-9]{1,6})")
"""gdal_retile: `NAME_ROW_COLUMN`, where a bare `COLUMN_ROW` is a deep-zoom tile."""


def tile_file_name(tile: Tile, ending: str = ".png") -> str:
    """The name of a tile's file: it says row and column, counted from 0, and the offsets in pixels."""
    return f"tile-r{tile.row:02d}-c{tile.column:02d}-x{tile.left}-y{tile.top}{ending}"


def place_in_name(stem: str) -> NamedPlace | None:
    """The place that a file name without its ending says; None where it says none.

    Pixels stand above rows and columns where a name has both.
    """
    text = stem.lower()
    for patterns, order in ((_OFFSETS, 1), (_OFFSETS_DOWN_FIRST, -1)):
        for pattern in patterns:
            if found := pattern.search(text):
                left, top = [int(number) for number in found.groups()][::order]
                return OffsetName(left, top)
    return _cell_in(text)


def _cell_in(text: str) -> CellName | None:
    if found := _ROW_COLUMN.search(text):
        return CellName(column=int(found[2]), row=int(found[1]))
    if found := _COLUMN_ROW.search(text) or _DEEP_ZOOM.fullmatch(text):
        return CellName(column=int(found[1]), row=int(found[2]))
    if found := _RETILED.fullmatch(text):
        return CellName(column=int(found[2]), row=int(found[1]))
    return None
