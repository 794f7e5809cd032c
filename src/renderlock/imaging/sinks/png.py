"""PNG in bands: each band is filtered and deflated by itself, in threads, and only a few bands are ever in memory.

The file is ordinary PNG (ISO/IEC 15948): one zlib stream over several IDAT chunks, one chunk a band. A band ends
with a full flush, so bands do not depend on each other, and their Adler-32 sums are combined at the end. Filter,
level and band height are fixed, so equal pixels give equal bytes with the same version of ISA-L.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from renderlock.errors import FileUnwritable
from renderlock.imaging.pixels import Raster
from renderlock.imaging.sinks.base import FileSink, PictureForm

BAND_ROWS = 64
BAND_BYTES = 1 << 19
"""A band has 64 rows or, in wide pictures, as many as make so much; several are in memory at a time."""

_FEWEST_ROWS = 16
LEVEL = 1
"""ISA-L's level: against 3 it is faster and, on photographs, smaller by half a percent."""

THREADS = 2
_SLAB_BYTES = 1 << 17
"""Rows are filtered in pieces that stay in the processor's cache: a fifth of the time."""

_AVERAGE = 3
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_ADLER = 65_521

Bytes = NDArray[np.uint8]
Emit = Callable[[bytes], object]


class PngSink(FileSink):
    """Writes a PNG file of 8 or 16 bits and 1 to 4 channels, with ICC profile and texts."""

    def __init__(self, path: Path, form: PictureForm) -> None:
        super().__init__(path, form)
        # Nothing is open yet that a refusal would have to let go of.
        try:
            self._file: BinaryIO = self._beside.open("xb")
        except OSError as error:
            raise FileUnwritable(path=path, reason=error.strerror or str(error)) from error
        self._encoder = PngEncoder(form, self._file.write)

    def _write(self, rows: Raster) -> None:
        self._encoder.write(rows)

    def _finish(self) -> None:
        self._encoder.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _abandon(self) -> None:
        self._encoder.stop()
        self._file.close()


class PngEncoder:
    """Turns rows into the bytes of a PNG file, given to `emit` in order.

    With `packed=False` the bytes are stored as they are: for a reader in the same process.
    """

    def __init__(self, form: PictureForm, emit: Emit, *, packed: bool = True) -> None:
        self._form = form
        self._emit = emit
        self._packed = packed
        self._pixel_bytes = form.channels * form.bits // 8
        self._band = np.empty((band_rows(form), form.row_bytes), np.uint8)
        self._filled = 0
        self._above = np.zeros(form.row_bytes, np.uint8)
        self._rows_left = form.height
        self._adler = 1
        self._pool = ThreadPoolExecutor(THREADS, "png")
        self._waiting: deque[Future[_Deflated]] = deque()
        for piece in _head(form):
            emit(piece)
        self._prefix = b"\x78\x01"

    def write(self, rows: Raster) -> None:
        """Takes the next rows; they are copied."""
        raw = _big_endian_bytes(rows)
        while len(raw):
            count = min(len(raw), len(self._band) - self._filled)
            self._band[self._filled : self._filled + count] = raw[:count]
            self._filled += count
            self._rows_left -= count
            raw = raw[count:]
            if self._filled == len(self._band) or not self._rows_left:
                self._send_band()

    def close(self) -> None:
        """Emits what is left and the end of the file."""
        while self._waiting:
            self._emit_next()
        self._emit(_chunk(b"IDAT", struct.pack(">I", self._adler)))
        self._emit(_chunk(b"IEND", b""))
        self._pool.shutdown()

    def stop(self) -> None:
        """Ends the threads without emitting more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send_band(self) -> None:
        while len(self._waiting) >= THREADS:
            self._emit_next()
        band = self._band[: self._filled]
        job = _BandJob(band, self._above, self._pixel_bytes, last=not self._rows_left, packed=self._packed)
        self._above = band[-1].copy()
        self._waiting.append(self._pool.submit(job.deflate))
        self._band = np.empty_like(self._band) if self._rows_left else self._band
        self._filled = 0

    def _emit_next(self) -> None:
        done = self._waiting.popleft().result()
        self._emit(_chunk(b"IDAT", self._prefix + done.data))
        self._prefix = b""
        self._adler = combine_adler(self._adler, done.adler, done.length)


@dataclass(frozen=True)
class _Deflated:
    """A band's deflate blocks, and the Adler-32 and length of what they hold."""

    data: bytes
    adler: int
    length: int


@dataclass(frozen=True)
class _BandJob:
    """The bytes of a band's rows, the row above them, and how they are to be packed."""

    rows: Bytes
    above: Bytes
    pixel_bytes: int
    last: bool
    packed: bool

    def deflate(self) -> _Deflated:
        """The band as deflate blocks that end on a byte and refer to nothing before them."""
        filtered = self._averaged() if self.packed else self._plain()
        # Stored blocks come from zlib: ISA-L's lowest level still searches for repeats.
        pack = isal_zlib.compressobj(LEVEL, 8, -15) if self.packed else zlib.compressobj(0, zlib.DEFLATED, -15)
        data: bytes = pack.compress(filtered.data) + pack.flush(zlib.Z_FINISH if self.last else zlib.Z_FULL_FLUSH)
        return _Deflated(data, isal_zlib.adler32(filtered), filtered.size)

    def _plain(self) -> Bytes:
        filtered = np.zeros((len(self.rows), self.rows.shape[1] + 1), np.uint8)
        filtered[:, 1:] = self.rows
        return filtered

    def _averaged(self) -> Bytes:
        """Each byte less the average, rounded down, of the one a pixel to the left and the one above."""
        filtered = np.empty((len(self.rows), self.rows.shape[1] + 1), np.uint8)
        filtered[:, 0] = _AVERAGE
        slab = max(1, _SLAB_BYTES // self.rows.shape[1])
        halves, left = np.empty((2, slab, self.rows.shape[1]), np.uint8)
        for top in range(0, len(self.rows), slab):
            rows = self.rows[top : top + slab]
            above = self.above[None] if top == 0 else self.rows[top - 1 : top]
            above = np.concatenate([above, rows[:-1]])
            average, shifted = halves[: len(rows)], left[: len(rows)]
            shifted[:, : self.pixel_bytes] = 0
            shifted[:, self.pixel_bytes :] = rows[:, : -self.pixel_bytes]
            np.bitwise_xor(shifted, above, out=average)
            np.right_shift(average, 1, out=average)
            np.bitwise_and(shifted, above, out=shifted)
            np.add(average, shifted, out=average)
            np.subtract(rows, average, out=filtered[top : top + slab, 1:])
        return filtered


def band_rows(form: PictureForm) -> int:
    """How many rows of such a picture are deflated by themselves."""
    return min(BAND_ROWS, max(_FEWEST_ROWS, BAND_BYTES // form.row_bytes))


def combine_adler(first: int, second: int, length: int) -> int:
    """The Adler-32 of two byte strings in a row from that of each, `length` being the second one's (RFC 1950)."""
    low1, high1 = first & 0xFFFF, first >> 16
    low2, high2 = second & 0xFFFF, second >> 16
    low = (low1 + low2 - 1) % _ADLER
    high = (high1 + high2 + length * (low1 - 1)) % _ADLER
    return high << 16 | low


def _head(form: PictureForm) -> Iterator[bytes]:
    yield b"\x89PNG\r\n\x1a\n"
    colour = _COLOUR_TYPES[form.channels]
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", form.width, form.height, form.bits, colour, 0, 0, 0))
    if form.icc is None:
        yield _chunk(b"sRGB", b"\0")
    else:
        yield _chunk(b"iCCP", b"icc\0\0" + zlib.compress(form.icc))
    for key, text in form.texts.items():
        yield _text_chunk(key, text)


def _text_chunk(key: str, text: str) -> bytes:
    """`tEXt` where the text is Latin-1, else `iTXt` in UTF-8; as Pillow writes them."""
    try:
        return _chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode())


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", isal_zlib.crc32(body))


def _big_endian_bytes(rows: Raster) -> Bytes:
    """Rows as bytes, n x row bytes; 16-bit values with the high byte first."""
    wide = rows if rows.dtype == np.uint8 else rows.astype(">u2")
    return np.ascontiguousarray(wide).reshape(len(rows), -1).view(np.uint8)
