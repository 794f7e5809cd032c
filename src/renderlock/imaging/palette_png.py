"""Indexed PNG files with a palette in its own order, which general encoders sort, trim or pad.

PNG third edition, chunks IHDR, sRGB, PLTE, tRNS, iTXt, IDAT; indices are packed into as few bits as they need.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.palette import Indexed

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED = 3
_BAND_ROWS = 256
_LARGEST_CHUNK = 1 << 20


def indexed_pieces(picture: Indexed, texts: Mapping[str, str]) -> Iterator[bytes]:
    """The PNG file of an indexed picture in pieces; `texts` become iTXt chunks.

    Of indices that lie in a file only some rows are read at a time.
    """
    height, width = picture.indices.shape
    entries = len(picture.palette.colours) + (picture.transparent is not None)
    bits = next(bits for bits in (1, 2, 4, 8) if entries <= 1 << bits)
    colours = picture.palette.rgb.tobytes() + (b"\0\0\0" if picture.transparent is not None else b"")
    yield _SIGNATURE
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, _INDEXED, 0, 0, 0))
    yield _chunk(b"sRGB", b"\0")
    yield _chunk(b"PLTE", colours)
    if picture.transparent is not None:
        yield _chunk(b"tRNS", b"\xff" * picture.transparent + b"\0")
    for key, text in texts.items():
        yield _chunk(b"iTXt", _international(key, text))
    packed = bytearray()
    for part in _compressed(picture.indices, bits):
        packed += part
        if len(packed) >= _LARGEST_CHUNK:
            yield _chunk(b"IDAT", bytes(packed))
            packed.clear()
    if packed:
        yield _chunk(b"IDAT", bytes(packed))
    yield _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _international(key: str, text: str) -> bytes:
    return key.encode("latin-1") + b"\0\0\0\0\0" + text.encode("utf-8")


def _compressed(indices: NDArray[np.uint8], bits: int) -> Iterator[bytes]:
    """The zlib stream of all rows, each unfiltered, as is best for indices."""
    packer = zlib.compressobj(9 if indices.size <= 4_000_000 else 6)
    for top in range(0, indices.shape[0], _BAND_ROWS):
        packed = _packed(indices[top : top + _BAND_ROWS], bits)
        rows = np.zeros((packed.shape[0], packed.shape[1] + 1), dtype=np.uint8)
        rows[:, 1:] = packed
        yield packer.compress(rows.tobytes())
    yield packer.flush()


def _packed(indices: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Rows with several indices a byte, the first in the highest bits."""
    share = 8 // bits
    if share == 1:
        return indices
    missing = -indices.shape[1] % share
    padded = np.pad(indices, ((0, 0), (0, missing))).reshape(indices.shape[0], -1, share)
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(padded << shifts, axis=2).astype(np.uint8)
    return packed
