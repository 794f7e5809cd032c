"""Pictures that are not what they should be: cut off, not pictures at all, huge, or made to fill memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from renderlock.spec.recipe import Size
from renderlock.testing.faults import Fault
from renderlock.testing.pictures import Picture

HUGE = Size(8000, 5000)
BOMB = Size(30_000, 30_000)
PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"


def spoil(picture: Picture, faults: Iterable[Fault]) -> Picture:
    """The picture with every fault that strikes pictures applied."""
    for fault in faults:
        match fault.name:
            case "truncated-picture":
                picture = replace(picture, data=picture.data[: len(picture.data) // 2])
            case "not-a-picture":
                picture = replace(picture, data=PAGE)
            case "wrong-mime":
                wrong = "image/png" if picture.media_type != "image/png" else "image/jpeg"
                picture = replace(picture, media_type=wrong)
            case "huge-picture":
                picture = replace(picture, data=flat_png(HUGE), media_type="image/png")
            case "bomb-picture":
                picture = replace(picture, data=flat_png(BOMB), media_type="image/png")
    return picture


@cache
def flat_png(size: Size) -> bytes:
    """A sound black PNG of one bit a pixel: about a thousandth of its pixels in bytes, by 8 and by deflate."""
    row = bytes(1 + -(-size.width // 8))
    deflate = zlib.compressobj(9)
    data = b"".join(deflate.compress(row) for _ in range(size.height)) + deflate.flush()
    header = struct.pack(">IIBBBBB", size.width, size.height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
