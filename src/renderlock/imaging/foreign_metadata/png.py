"""Texts in a PNG file: its tEXt, zTXt, iTXt and eXIf chunks (PNG, third edition, sections 11.3.2.5 and 11.3.3).

Reading goes on to the end of the file, as texts may follow the pixels, and keeps what came before a fault.
Checksums are not checked: a text with a wrong one is still the best record there is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from renderlock.imaging.foreign_metadata.collected import CollectedTexts
from renderlock.imaging.foreign_metadata.exif import read_exif
from renderlock.imaging.foreign_metadata.xmp import XMP_KEYWORD, read_xmp

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 500_000


def read_png(data: bytes, into: CollectedTexts) -> None:
    """Collects the texts of a PNG file."""
    for kind, body in _chunks(data, into):
        if kind == b"IHDR" and len(body) >= 8:
            into.size = (int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big"))
        elif kind == b"eXIf":
            read_exif(bytes(body), into)
        elif kind in _TEXT_CHUNKS:
            _read_text(kind, body, into)


def decode_latin_or_utf8(raw: bytes) -> str:
    """The text of bytes that should be Latin-1, but that some tools write as UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _chunks(data: bytes, into: CollectedTexts) -> Iterator[tuple[bytes, memoryview]]:
    view, at = memoryview(data), len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            into.note("the PNG file ends without its last chunk")
            return
        length, kind = int.from_bytes(view[at : at + 4], "big"), bytes(view[at + 4 : at + 8])
        if kind == b"IEND":
            return
        body = view[at + 8 : at + 8 + length]
        if len(body) < length:
            into.note(f"the PNG file ends inside its {kind.decode('latin-1')} chunk")
            return
        yield kind, body
        at += 12 + length
    into.note(f"the PNG file has more than {MOST_CHUNKS} chunks")


def _read_text(kind: bytes, body: memoryview, into: CollectedTexts) -> None:
    # A keyword has at most 79 bytes, so the separator is looked for no further.
    head = bytes(body[:80])
    keyword_bytes, separator, _ = head.partition(b"\0")
    keyword = keyword_bytes.decode("latin-1")
    if not separator or not keyword:
        return
    if len(body) > into.room:
        into.leave_out(keyword)
        return
    text = _TEXT_CHUNKS[kind](bytes(body[len(keyword_bytes) + 1 :]), into.room)
    if text is None:
        into.leave_out(keyword)
    elif keyword == XMP_KEYWORD:
        read_xmp(text, into)
    else:
        into.add(keyword, text)


def _plain(body: bytes, _room: int) -> str | None:
    return decode_latin_or_utf8(body)


def _compressed(body: bytes, room: int) -> str | None:
    raw = _inflate(body[1:], room)
    return None if raw is None else decode_latin_or_utf8(raw)


def _international(body: bytes, room: int) -> str | None:
    if len(body) < 2:
        return ""
    rest = body[2:].split(b"\0", 2)
    raw = _inflate(rest[-1], room) if body[0] else rest[-1]
    return None if raw is None else raw.decode("utf-8", "replace")


def _inflate(body: bytes, room: int) -> bytes | None:
    """The inflated bytes, as far as they are intact; None where they are more than `room`."""
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(body, room + 1)
    except zlib.error:
        return b""
    return raw if len(raw) <= room else None


_TEXT_CHUNKS = {b"tEXt": _plain, b"zTXt": _compressed, b"iTXt": _international}
