"""Assets from a CSV table: one row an asset, the header row naming asset fields.

Cells follow the same rules as pipeline.yml, references included. Every problem carries the table's own file
and line; a table is read as a whole or refused by its size.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from renderlock.errors import Problem
from renderlock.spec.interpolation import Interpolation
from renderlock.spec.pipeline_model import AssetModel
from renderlock.spec.place import KeyPath, Place
from renderlock.spec.report import Near, Report, describe
from renderlock.spec.text_file import TextUnusable, read_text
from renderlock.spec.yaml_nodes import core_value

LARGEST_TABLE_BYTES = 16 * 1024 * 1024
MOST_ROWS = 100_000

_LISTS = ("seeds", "text", "tags")
_COLUMNS = tuple(AssetModel.model_fields)


@dataclass(frozen=True)
class TableRow:
    """One asset's fields as plain values, and where its row begins."""

    fields: dict[str, object]
    path: KeyPath
    place: Place


def load_rows(path: Path, interpolation: Interpolation, report: Report) -> list[TableRow] | None:
    """The rows of a table, or None where it cannot be read.

    What is wrong is reported, against `assets_from` where there is no readable file.
    """
    try:
        text = read_text(path, LARGEST_TABLE_BYTES)
    except TextUnusable as error:
        if error.problem.line:
            report.add_all([error.problem])
        else:
            report.add(("assets_from",), f"{path}: {error.problem.found}", error.problem.allowed)
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not _header_is_usable(header, str(path), report):
            return None
        return list(_Table(str(path), header, interpolation, report).rows(reader))
    except csv.Error as error:
        allowed = "comma-separated values (RFC 4180)"
        report.add_all([Problem(str(path), reader.line_num or 1, 1, "", str(error), allowed)])
        return None


class _Reader(Protocol):
    """What is used of `csv.reader`, whose type is private."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True)
class _Table:
    file: str
    header: list[str]
    interpolation: Interpolation
    report: Report

    def rows(self, reader: _Reader) -> Iterator[TableRow]:
        line = reader.line_num + 1
        for index, cells in enumerate(reader):
            place, line = Place(self.file, line, 1), reader.line_num + 1
            path: KeyPath = ("assets_from", index)
            if not any(cell.strip() for cell in cells):
                continue
            if index >= MOST_ROWS:
                self.report.pinned(place).add(path, f"more than {MOST_ROWS} rows", "fewer")
                return
            if len(cells) > len(self.header):
                allowed = f"at most {len(self.header)}, one a column; a cell with a comma stands in quotes"
                self.report.pinned(place).add(path, f"{len(cells)} cells", allowed)
                continue
            row = {name: cell for name, cell in zip(self.header, cells, strict=False) if cell.strip()}
            yield TableRow(
                {name: self._value(name, cell, (*path, name), place) for name, cell in row.items()}, path, place
            )

    def _value(self, name: str, cell: str, path: KeyPath, place: Place) -> object:
        if name not in _LISTS or cell.strip().startswith("${"):
            return self.interpolation.text_at(cell, path, place)
        parts = [part.strip() for part in cell.split(";")]
        if name == "seeds":
            return [core_value(part) for part in parts]
        return [self.interpolation.text_at(part, (*path, index), place) for index, part in enumerate(parts)]


def _header_is_usable(header: list[str], file: str, report: Report) -> bool:
    place = Place(file, 1, 1)
    pinned = report.pinned(place)
    allowed = f"asset fields, separated by commas: {', '.join(_COLUMNS)}"
    usable = True
    for name in header:
        if name not in _COLUMNS:
            near = Near(name, _COLUMNS)
            pinned.add(("assets_from",), f"the unknown column {describe(name)}", allowed, near=near)
            usable = False
    for name in ("name", "prompt"):
        if name not in header:
            pinned.add(("assets_from",), f"no column `{name}`", allowed)
            usable = False
    for name in sorted({name for name in header if header.count(name) > 1}):
        pinned.add(("assets_from",), f"the column `{name}` again", "each column once")
        usable = False
    return usable
