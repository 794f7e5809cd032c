"""Reads what a TrueType or OpenType file says about its faces: names, weight, slant, and mapped characters.

The tables are those of OpenType 1.9; of `cmap` the formats 4, 6, 12 and 13 for Unicode. Families are named as the
renderer names them: the typographic family (name 16), or the family (name 1) where there is none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_COLLECTION = b"ttcf"
_SINGLE = (b"\0\1\0\0", b"OTTO", b"true")
_MOST_FACES = 64
_MOST_GROUPS = 70_000
_LAST_CHARACTER = 0x10FFFF
_UNICODE_TABLES = {(3, 10): 5, (0, 6): 4, (0, 4): 4, (3, 1): 3, (0, 3): 2, (0, 2): 1, (0, 1): 1, (0, 0): 1, (3, 0): 0}
"""Which (platform, encoding) of a cmap holds the most of Unicode."""


class SfntDamaged(ValueError):
    """The bytes are not a font file, or its tables contradict each other."""


@dataclass(frozen=True)
class SfntFace:
    """One face as its tables describe it."""

    families: tuple[str, ...]
    weight: int
    italic: bool
    characters: frozenset[int]


def read_faces(data: bytes) -> tuple[SfntFace, ...]:
    """The faces of a file; raises `SfntDamaged`, or `struct.error` or `IndexError` for a file that is cut short."""
    if data[:4] == _COLLECTION:
        (count,) = struct.unpack_from(">I", data, 8)
        if not 1 <= count <= _MOST_FACES:
            raise SfntDamaged(f"a collection of {count} faces")
        offsets = struct.unpack_from(f">{count}I", data, 12)
    elif data[:4] in _SINGLE:
        offsets = (0,)
    else:
        raise SfntDamaged("it does not begin as a TrueType or OpenType file")
    return tuple(_read_face(data, offset) for offset in offsets)


def _read_face(data: bytes, offset: int) -> SfntFace:
    tables = _tables(data, offset)
    weight, italic = _style(tables)
    return SfntFace(_families(_table(tables, b"name")), weight, italic, _characters(_table(tables, b"cmap")))


def _tables(data: bytes, offset: int) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">H", data, offset + 4)
    tables = {}
    for index in range(count):
        tag, _, start, length = struct.unpack_from(">4sIII", data, offset + 12 + 16 * index)
        tables[tag] = data[start : start + length]
    return tables


def _table(tables: dict[bytes, bytes], tag: bytes) -> bytes:
    if tag not in tables:
        raise SfntDamaged(f"the table {tag.decode()} is missing")
    return tables[tag]


def _style(tables: dict[bytes, bytes]) -> tuple[int, bool]:
    """The weight class and whether the face is slanted, from OS/2, or from head where that is missing."""
    if len(tables.get(b"OS/2", b"")) >= 64:
        table = tables[b"OS/2"]
        (weight,) = struct.unpack_from(">H", table, 4)
        (selection,) = struct.unpack_from(">H", table, 62)
        return weight or 400, bool(selection & 0x201)
    (style,) = struct.unpack_from(">H", _table(tables, b"head"), 44)
    return 700 if style & 1 else 400, bool(style & 2)


def _families(table: bytes) -> tuple[str, ...]:
    _, count, storage = struct.unpack_from(">HHH", table, 0)
    named: dict[int, dict[str, None]] = {16: {}, 1: {}}
    for index in range(count):
        platform, _, _, name, length, start = struct.unpack_from(">6H", table, 6 + 12 * index)
        if name in named and platform in (0, 3):
            text = table[storage + start : storage + start + length].decode("utf-16-be", "replace").strip("\0 ")
            if text:
                named[name][text] = None
    families = tuple(named[16] or named[1])
    if not families:
        raise SfntDamaged("no family is named")
    return families


def _characters(table: bytes) -> frozenset[int]:
    """All characters with a glyph, from the largest Unicode table."""
    (count,) = struct.unpack_from(">H", table, 2)
    best: tuple[int, int] | None = None
    for index in range(count):
        platform, encoding, start = struct.unpack_from(">HHI", table, 4 + 8 * index)
        rank = _UNICODE_TABLES.get((platform, encoding))
        if rank is not None and (best is None or rank > best[0]):
            best = (rank, start)
    if best is None:
        raise SfntDamaged("no character table is of Unicode")
    return frozenset(_mapped(table[best[1] :]))


def _mapped(table: bytes) -> Iterator[int]:
    (form,) = struct.unpack_from(">H", table, 0)
    if form == 4:
        return _mapped_4(table)
    if form == 6:
        first, count = struct.unpack_from(">HH", table, 6)
        glyphs = struct.unpack_from(f">{count}H", table, 10)
        return (first + index for index, glyph in enumerate(glyphs) if glyph)
    if form in (12, 13):
        return _mapped_12(table)
    raise SfntDamaged(f"a character table of format {form}")


def _mapped_4(table: bytes) -> Iterator[int]:
    """Format 4: segments of 16-bit characters, with a shift or a list of glyphs each."""
    (doubled,) = struct.unpack_from(">H", table, 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", table, 14)
    starts = struct.unpack_from(f">{count}H", table, 16 + doubled)
    shifts = struct.unpack_from(f">{count}H", table, 16 + 2 * doubled)
    ranges_at = 16 + 3 * doubled
    ranges = struct.unpack_from(f">{count}H", table, ranges_at)
    for index, (start, end, shift, to_glyphs) in enumerate(zip(starts, ends, shifts, ranges, strict=True)):
        for character in range(start, min(end, 0xFFFE) + 1):
            glyph = character
            if to_glyphs:
                at = ranges_at + 2 * index + to_glyphs + 2 * (character - start)
                glyph = struct.unpack_from(">H", table, at)[0] if at + 2 <= len(table) else 0
                if not glyph:
                    continue
            if (glyph + shift) & 0xFFFF:
                yield character


def _mapped_12(table: bytes) -> Iterator[int]:
    """Formats 12 and 13: groups of 32-bit characters."""
    form = table[1]
    (count,) = struct.unpack_from(">I", table, 12)
    if count > _MOST_GROUPS:
        raise SfntDamaged(f"a character table of {count} groups")
    total = 0
    for index in range(count):
        start, end, glyph = struct.unpack_from(">III", table, 16 + 12 * index)
        total += max(0, end - start + 1)
        if end > _LAST_CHARACTER or total > _LAST_CHARACTER:
            raise SfntDamaged("a character beyond Unicode")
        yield from (c for c in range(start, end + 1) if glyph + (0 if form == 13 else c - start))
