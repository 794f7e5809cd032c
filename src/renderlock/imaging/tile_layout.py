"""The grid that a set of tile files makes, from the places they state; what does not fit is named file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from renderlock.errors import TilesUnfit
from renderlock.imaging.tile_names import CellName, OffsetName, TilePlace
from renderlock.imaging.tiles import Grid, Span, Tile

MOST_LISTED = 10
_NAMING = "Name tiles by their place, as in docs/merge.md: tile-x0-y896.png, r0_c1.png, or deep zoom's 0_1.png."
_WHOLE_SET = "Give all tiles of one picture, and nothing else."


@dataclass(frozen=True)
class TileFile:
    """A file that is to be a tile: its name, its size in pixels, and the place it states."""

    name: str
    width: int
    height: int
    place: TilePlace | OffsetName | CellName | None


@dataclass(frozen=True)
class Laid:
    """A grid, and for each of its tiles which file it is (the index in the files given)."""

    grid: Grid
    files: dict[Tile, int]


def lay_out(files: Sequence[TileFile], *, overlap: int) -> Laid:
    """The grid the files make. `overlap` counts where names say rows and columns only, in pixels.

    Raises `TilesUnfit` with every file that has no place, another size, or a place that is taken, and every place
    without a file.
    """
    kinds = Counter(type(file.place) for file in files if file.place is not None)
    if not kinds:
        raise unfit((f"{file.name}: it states no place" for file in files), _NAMING)
    kind = kinds.most_common(1)[0][0]
    others = [file for file in files if type(file.place) is not kind]
    if others:
        raise unfit((f"{file.name}: it states {_states(file)}, unlike the others" for file in others), _NAMING)
    cells = kind is CellName
    placed = _Placed(files, _by_cell(files) if cells else _by_offset(files))
    across = placed.spans("column", overlap if cells else None)
    down = placed.spans("row", overlap if cells else None)
    width, height = _canvas(files, across, down)
    try:
        grid = Grid(width, height, across, down)
    except ValueError as error:
        raise unfit([f"there is a gap: {error}"], _WHOLE_SET) from error
    return Laid(grid, {tile: placed.cells[tile.column, tile.row] for tile in grid.tiles})


def unfit(lines: Iterable[str], action: str) -> TilesUnfit:
    """The error that lists the first problems and counts the rest."""
    found = list(lines)
    listing = "\n".join(f"  {line}" for line in found[:MOST_LISTED])
    more = f"\n  and {len(found) - MOST_LISTED} more" if len(found) > MOST_LISTED else ""
    return TilesUnfit(listing=listing + more, action=action)


def _states(file: TileFile) -> str:
    words = {TilePlace: "its place in its metadata", OffsetName: "pixels in its name", CellName: "row and column"}
    return "no place" if file.place is None else words[type(file.place)]


@dataclass(frozen=True)
class _Places:
    """Where each file lies: a column key and a row key, and all keys in their order."""

    keys: list[tuple[int, int]]
    columns: list[int]
    rows: list[int]


def _by_offset(files: Sequence[TileFile]) -> _Places:
    keys = [(file.place.left, file.place.top) for file in files if isinstance(file.place, TilePlace | OffsetName)]
    return _Places(keys, sorted({left for left, _ in keys}), sorted({top for _, top in keys}))


def _by_cell(files: Sequence[TileFile]) -> _Places:
    """Rows and columns count from 0, or from 1 where there is no 0 in either."""
    keys = [(file.place.column, file.place.row) for file in files if isinstance(file.place, CellName)]
    first = min(1, *(min(key) for key in keys))
    columns, rows = (range(first, max(numbers) + 1) for numbers in zip(*keys, strict=True))
    return _Places(keys, list(columns), list(rows))


class _Placed:
    """Files in the cells of a full table; raises `TilesUnfit` where the table is not full or a cell is taken twice."""

    def __init__(self, files: Sequence[TileFile], places: _Places) -> None:
        self._files = files
        self._starts = {"column": places.columns, "row": places.rows}
        self.cells: dict[tuple[int, int], int] = {}
        problems = []
        for index, (column, row) in enumerate(places.keys):
            cell = places.columns.index(column), places.rows.index(row)
            if cell in self.cells:
                problems.append(f"{files[index].name}: {files[self.cells[cell]].name} has the same place")
            self.cells.setdefault(cell, index)
        problems += [
            f"no file for column {x}, row {y} (counted from 0): by the others it would be at {column},{row}"
            for y, row in enumerate(places.rows)
            for x, column in enumerate(places.columns)
            if (x, y) not in self.cells
        ]
        if problems:
            raise unfit(problems, _WHOLE_SET)

    def spans(self, side: str, overlap: int | None) -> tuple[Span, ...]:
        """The spans of all columns or rows: at the starts the names state, or one after another with that overlap."""
        lengths = self._lengths(side)
        if overlap is None:
            return tuple(Span(start, length) for start, length in zip(self._starts[side], lengths, strict=True))
        spans = [Span(0, lengths[0])]
        for length in lengths[1:]:
            if not 0 <= overlap < min(length, spans[-1].length):
                raise unfit([f"{side}s of {length} pixels cannot overlap by {overlap}"], "Give the overlap in pixels.")
            spans.append(Span(spans[-1].end - overlap, length))
        return tuple(spans)

    def _lengths(self, side: str) -> list[int]:
        """The one length that all tiles of each column or row have."""
        found: list[int] = []
        problems: list[str] = []
        for number in range(len(self._starts[side])):
            members = [index for cell, index in self.cells.items() if cell[0 if side == "column" else 1] == number]
            sizes = {index: self._length(index, side) for index in members}
            usual = Counter(sizes.values()).most_common(1)[0][0]
            found.append(usual)
            problems += [
                f"{self._files[index].name}: it is {self._files[index].width}x{self._files[index].height},"
                f" but the others of {side} {number} are {usual} pixels {'wide' if side == 'column' else 'high'}"
                for index, length in sizes.items()
                if length != usual
            ]
        if problems:
            raise unfit(problems, _WHOLE_SET)
        return found

    def _length(self, index: int, side: str) -> int:
        return self._files[index].width if side == "column" else self._files[index].height


def _canvas(files: Sequence[TileFile], across: tuple[Span, ...], down: tuple[Span, ...]) -> tuple[int, int]:
    """The canvas all tiles belong to, as their metadata states it, else as far as they reach."""
    stated = Counter(
        (file.place.canvas_width, file.place.canvas_height, file.place.of)
        for file in files
        if isinstance(file.place, TilePlace)
    )
    if not stated:
        return across[-1].end, down[-1].end
    width, height, _ = usual = stated.most_common(1)[0][0]
    problems = [
        f"{file.name}: it belongs to another canvas ({file.place.canvas_width}x{file.place.canvas_height})"
        for file in files
        if isinstance(file.place, TilePlace)
        and (file.place.canvas_width, file.place.canvas_height, file.place.of) != usual
    ]
    if problems:
        raise unfit(problems, _WHOLE_SET)
    return width, height
