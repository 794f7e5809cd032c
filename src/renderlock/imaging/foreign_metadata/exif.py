"""Texts in an EXIF block: the tags that image generators use (EXIF 2.32, CIPA DC-008, sections 4.6.4 and 4.6.5).

`UserComment` says its character set in eight bytes, but not the byte order of its UTF-16: piexif (A1111) writes
big-endian whatever the block has, ImageSharp (SwarmUI) the block's order; the text itself tells them apart.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from renderlock.imaging.foreign_metadata.collected import CollectedTexts

_EXIF_POINTER, _USER_COMMENT = 0x8769, 0x9286
_NAMES = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x927C: "MakerNote",
    _USER_COMMENT: "UserComment",
}
_TAGGED_JSON = range(0x0100, 0x0111)
"""Tags that ComfyUI fills with "prompt:{...}" and "workflow:{...}", from Model downwards."""

_MOST_ENTRIES = 1_000
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 129: 1}
"""Bytes a value of each type: BYTE, ASCII, SHORT, LONG, UNDEFINED, UTF-8 (EXIF 3)."""


@dataclass(frozen=True)
class _Block:
    data: bytes
    order: str

    def number(self, at: int, width: int) -> int:
        """The unsigned number of 2 or 4 bytes at an offset; 0 beyond the end."""
        kind = "H" if width == 2 else "I"
        return int(struct.unpack_from(self.order + kind, self.data, at)[0]) if at + width <= len(self.data) else 0


def read_exif(data: bytes, into: CollectedTexts) -> None:
    """Collects the texts of an EXIF block, with or without the `Exif` header before it."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return
    block = _Block(data, order)
    # UserComment belongs to the Exif directory, but Fooocus writes it to the first one.
    exif_at = _read_directory(block, block.number(4, 4), into)
    if exif_at:
        _read_directory(block, exif_at, into)


def decode_user_comment(raw: bytes, order: str) -> str:
    """The text of a UserComment value; `order` is the block's byte order, `<` or `>`."""
    prefix, body = raw[:8], raw[8:]
    if prefix == b"UNICODE\0":
        return _decode_utf16(body, order)
    if prefix == b"JIS\0\0\0\0\0":
        return body.decode("iso2022_jp", "replace")
    if prefix in (b"ASCII\0\0\0", bytes(8)):
        return _decode_bytes(body)
    return _decode_bytes(raw)


def _read_directory(block: _Block, at: int, into: CollectedTexts) -> int:
    """Collects one directory's texts and gives the offset of the Exif directory, or 0."""
    exif_at = 0
    for entry in range(min(block.number(at, 2), _MOST_ENTRIES)):
        start = at + 2 + 12 * entry
        tag, kind = block.number(start, 2), block.number(start + 2, 2)
        if tag == _EXIF_POINTER:
            exif_at = block.number(start + 8, 4)
        elif tag in _NAMES or tag in _TAGGED_JSON:
            _read_value(block, tag, _value(block, start, kind), into)
    return exif_at


def _value(block: _Block, start: int, kind: int) -> bytes:
    length = block.number(start + 4, 4) * _SIZES.get(kind, 0)
    at = start + 8 if length <= 4 else block.number(start + 8, 4)
    return block.data[at : at + length]


def _read_value(block: _Block, tag: int, raw: bytes, into: CollectedTexts) -> None:
    if len(raw) > into.room:
        into.leave_out(_NAMES.get(tag, hex(tag)))
        return
    text = decode_user_comment(raw, block.order) if tag == _USER_COMMENT else _decode_bytes(raw)
    key, colon, json_text = text.partition(":")
    if tag in _TAGGED_JSON and colon and json_text[:1] == "{" and key.isidentifier():
        into.add(key, json_text)
    elif tag in _NAMES:
        into.add(_NAMES[tag], text)


def _decode_utf16(body: bytes, order: str) -> str:
    body = body[: len(body) // 2 * 2]
    if body[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return body.decode("utf-16", "replace")
    # Every tool's text is mostly below U+0100, so its high bytes are zeros.
    high, low = body[0::2].count(0), body[1::2].count(0)
    big = high > low if high != low else order == ">"
    return body.decode("utf-16-be" if big else "utf-16-le", "replace")


def _decode_bytes(raw: bytes) -> str:
    raw = raw.rstrip(b"\0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
