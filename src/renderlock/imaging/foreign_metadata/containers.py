"""Where the texts of a picture file are, by its format, told by the first bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from renderlock.imaging.foreign_metadata.avif import is_avif, read_avif
from renderlock.imaging.foreign_metadata.base import PictureTexts
from renderlock.imaging.foreign_metadata.collected import CollectedTexts
from renderlock.imaging.foreign_metadata.exif import read_exif
from renderlock.imaging.foreign_metadata.png import SIGNATURE, decode_latin_or_utf8, read_png
from renderlock.imaging.foreign_metadata.stealth import read_stealth
from renderlock.imaging.foreign_metadata.xmp import read_xmp

_SIGNATURES = {
    SIGNATURE: "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_MOST_PARTS = 100_000
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE, _APP1, _COMMENT = 0xDA, 0xD9, 0xE1, 0xFE


def media_type_of(data: bytes) -> str | None:
    """The media type of a picture by its first bytes; None for anything else.

    PNG, JPEG, WebP, AVIF and GIF are told apart; a GIF's texts are not read.
    """
    for signature, media_type in _SIGNATURES.items():
        if data.startswith(signature):
            return media_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if is_avif(data) else None


def read_texts(data: bytes, file_name: str = "") -> PictureTexts:
    """The texts of a picture file, bounded; the pixels are looked at only where the file has none.

    Never raises: bytes that are not a picture have no texts, damaged ones have those before the damage.
    """
    collected = CollectedTexts()
    media_type = media_type_of(data)
    if media_type in _READERS:
        _READERS[media_type](data, collected)
        if not collected.texts:
            read_stealth(data, media_type, collected)
    return PictureTexts(collected.texts, collected.size, file_name, tuple(collected.notes))


def _read_jpeg(data: bytes, into: CollectedTexts) -> None:
    """Collects the texts of a JPEG file's segments (ITU-T T.81, annex B) up to its pixels."""
    for marker, body in _segments(data):
        if marker == _APP1 and body.startswith(b"Exif\0\0"):
            read_exif(body, into)
        elif marker == _APP1 and body.startswith(_XMP_HEADER):
            read_xmp(body.removeprefix(_XMP_HEADER).decode("utf-8", "replace"), into)
        elif marker == _COMMENT:
            into.add("Comment", decode_latin_or_utf8(body))
        elif marker in _FRAME_HEADERS and len(body) >= 5:
            into.size = (int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"))


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    for _ in range(_MOST_PARTS):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] in (_START_OF_SCAN, _END_OF_IMAGE):
            return
        marker = data[at + 1]
        length = 0 if marker in _WITHOUT_LENGTH else int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def _read_webp(data: bytes, into: CollectedTexts) -> None:
    """Collects the texts of a WebP file's RIFF chunks (RFC 9649, section 2)."""
    at = 12
    for _ in range(_MOST_PARTS):
        if at + 8 > len(data):
            return
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind in (b"EXIF", b"XMP "):
            body = data[at + 8 : at + 8 + length]
            read_exif(body, into) if kind == b"EXIF" else read_xmp(body.decode("utf-8", "replace"), into)
        elif into.size is None:
            into.size = _webp_size(kind, data[at + 8 : at + 18])
        at += 8 + length + length % 2


def _webp_size(kind: bytes, head: bytes) -> tuple[int, int] | None:
    if kind == b"VP8X" and len(head) == 10:
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L" and len(head) >= 5:
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(head) == 10:
        return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
    return None


_READERS: dict[str, Callable[[bytes, CollectedTexts], None]] = {
    "image/png": read_png,
    "image/jpeg": _read_jpeg,
    "image/webp": _read_webp,
    "image/avif": read_avif,
}
