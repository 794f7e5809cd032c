"""A large picture on its way into the store: its file, its pixels on disk for the checks, and the digest of them.

Rows come in once, from top to bottom. They go to the encoder, into the digest, and into a file of raw pixels beside it
that checks read in any order; nothing holds the whole picture in memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderlock.actions.finals.anchoring import LEVEL
from renderlock.errors import StoreFull, StoreUnusable
from renderlock.imaging.pixels import Pixels, PixelsDigest, Raster
from renderlock.imaging.sinks import FileSink, PictureForm, open_sink
from renderlock.spec.recipe import Size
from renderlock.store.records import StagedPicture

NO_SPACE = 28
"""ENOSPC."""


@dataclass(frozen=True)
class Staged:
    """A finished PNG that is not in the store yet. `pixels` is a view of a file, read where it is looked at."""

    path: Path
    size: Size
    pixels_digest: str
    pixels: Pixels

    def as_new(self, small: Pixels) -> StagedPicture:
        """The picture as the store takes it over; `small` is the same, no smaller than a thumbnail."""
        width, height = self.size.width, self.size.height
        return StagedPicture(self.path, "image/png", width, height, self.pixels_digest, small)


class StagedSink:
    """Takes the rows of one 8-bit picture and gives the staged picture at the end."""

    def __init__(self, folder: Path, size: Size, channels: int, texts: dict[str, str]) -> None:
        """Begins in `folder`; raises `FormatTooNarrow` or `FileUnwritable` before anything is written."""
        name = secrets.token_hex(12)
        self._raw_path = folder / f"raw.{name}.bin"
        self._size, self._channels = size, channels
        self._digest = PixelsDigest(size.width, size.height, channels)
        self._sink: FileSink = open_sink(
            folder / f"final.{name}.png", PictureForm(size.width, size.height, channels, texts=texts)
        )
        self._raw = self._raw_path.open("wb")

    def write(self, rows: Raster) -> None:
        """Takes the next rows of 16 bits, rounded here to 8; raises `StoreFull` or `StoreUnusable`."""
        levels = ((rows.astype(np.uint32) + LEVEL // 2) // LEVEL).astype(np.uint8)
        self._sink.write(levels)
        self._digest.update(levels)
        try:
            self._raw.write(levels.tobytes())
        except OSError as error:
            raise _told(self._raw_path, error) from error

    def close(self) -> None:
        """Finishes both files."""
        self._sink.close()
        self._raw.close()

    def staged(self) -> Staged:
        """The picture, once it is closed."""
        shape = (self._size.height, self._size.width, self._channels)
        pixels = np.memmap(self._raw_path, np.uint8, mode="r", shape=shape)
        return Staged(self._sink.path, self._size, self._digest.hexdigest(), pixels)

    def discard(self) -> None:
        """Removes whatever of both files is there."""
        self._sink.abort()
        self._raw.close()
        for path in (self._raw_path, self._sink.path):
            path.unlink(missing_ok=True)


@contextmanager
def staging(folder: Path, size: Size, *, channels: int, texts: dict[str, str]) -> Iterator[StagedSink]:
    """A sink whose files are gone at the end, but for what the store took."""
    sink = StagedSink(folder, size, channels, texts)
    try:
        yield sink
    finally:
        sink.discard()


def _told(path: Path, error: OSError) -> StoreFull | StoreUnusable:
    if error.errno == NO_SPACE:
        return StoreFull(path=path.parent)
    return StoreUnusable(path=path.parent, reason=error.strerror, action="Make its folder writable.")
