"""Texts in an AVIF file: its EXIF and XMP items (ISO/IEC 14496-12 boxes `meta`, `iinf`, `iloc`; HEIF, 23008-12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from renderlock.imaging.foreign_metadata.collected import CollectedTexts
from renderlock.imaging.foreign_metadata.exif import read_exif
from renderlock.imaging.foreign_metadata.xmp import read_xmp

_MOST_BOXES = 10_000
_MOST_ITEMS = 10_000
_BRANDS = (b"avif", b"avis")


@dataclass
class _Cursor:
    """A place in bytes from which unsigned numbers are read in turn; beyond the end they are 0."""

    data: bytes
    at: int = 0

    def number(self, width: int) -> int:
        """The next big-endian number of `width` bytes; 0 bytes give 0."""
        value = int.from_bytes(self.data[self.at : self.at + width], "big")
        self.at += width
        return value


def is_avif(data: bytes) -> bool:
    """Whether the file names AVIF among its brands."""
    if data[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(data[:4], "big"), 512)
    return any(data[at : at + 4] in _BRANDS for at in (8, *range(16, end, 4)))


def read_avif(data: bytes, into: CollectedTexts) -> None:
    """Collects the texts of an AVIF file."""
    # `meta` is a full box: four bytes of version and flags stand before the boxes in it.
    meta = next((body for kind, body in _boxes(data) if kind == b"meta"), b"")[4:]
    boxes = dict(_boxes(meta))
    kinds = dict(_item_kinds(boxes.get(b"iinf", b"")))
    into.size = _largest_extent(boxes.get(b"iprp", b""))
    for item, offset, length in _locations(boxes.get(b"iloc", b"")):
        if item not in kinds:
            continue
        if length > into.room:
            into.leave_out(kinds[item])
            continue
        body = data[offset : offset + length]
        if kinds[item] == "Exif":
            # Four bytes tell how far the TIFF header is from them.
            read_exif(body[4 + int.from_bytes(body[:4], "big") :], into)
        else:
            read_xmp(body.decode("utf-8", "replace"), into)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        length, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif length == 0:
            length = len(data) - at
        if length < head:
            return
        yield kind, data[at + head : at + length]
        at += length


def _item_kinds(iinf: bytes) -> Iterator[tuple[int, str]]:
    """Number and kind (`Exif` or `XMP`) of the metadata items."""
    count_width = 4 if iinf[:1] != b"\0" else 2
    for kind, body in _boxes(iinf[4 + count_width :]):
        if kind != b"infe" or body[:1] not in (b"\2", b"\3"):
            continue
        id_width = 2 if body[0] == 2 else 4
        at = 4 + id_width + 2
        item, item_type = int.from_bytes(body[4 : 4 + id_width], "big"), body[at : at + 4]
        if item_type == b"Exif":
            yield item, "Exif"
        elif item_type == b"mime" and b"application/rdf+xml" in body[at + 4 :]:
            yield item, "XMP"


def _locations(iloc: bytes) -> Iterator[tuple[int, int, int]]:
    """Item number, offset in the file and length of each item that lies in one piece."""
    version = iloc[0] if iloc else 0
    at = _Cursor(iloc, 4)
    sizes = at.number(2)
    offset_width, length_width, base_width = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_width = sizes & 15 if version else 0
    for _ in range(min(at.number(4 if version == 2 else 2), _MOST_ITEMS)):
        item = at.number(4 if version == 2 else 2)
        method = at.number(2) & 15 if version else 0
        at.number(2)
        base, extents = at.number(base_width), at.number(2)
        if extents != 1 or at.at > len(iloc):
            return
        at.number(index_width)
        offset, length = at.number(offset_width), at.number(length_width)
        if method == 0:
            yield item, base + offset, length


def _largest_extent(iprp: bytes) -> tuple[int, int] | None:
    """The largest `ispe` (spatial extents): thumbnails and alpha have their own."""
    ipco = next((body for kind, body in _boxes(iprp) if kind == b"ipco"), b"")
    sizes = [
        (int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big"))
        for kind, body in _boxes(ipco)
        if kind == b"ispe" and len(body) >= 12
    ]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)
