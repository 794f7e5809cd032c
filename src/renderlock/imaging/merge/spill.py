"""Tiles of a merge on disk instead of in memory: a merge looks at tiles twice, and across a whole row of them at once.

What a source gives is written to files that have no name and are mapped from there, so the memory a merge holds does
not grow with the canvas's width. The system drops mapped pages where it needs the room, and the files with the process.
"""

from __future__ import annotations

import tempfile
from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from renderlock.errors import FileUnwritable
from renderlock.imaging.merge.ports import TileSource
from renderlock.imaging.pixels import Raster
from renderlock.imaging.tiles import Grid, Tile

KEPT_BYTES = 1 << 30
"""So much of the tiles stays on disk to be read again; what does not fit is asked of the source again."""

_HELD_ROWS = 2
"""Rows of tiles that overlap, beyond those that are kept."""


class SpilledTiles:
    """The tiles of another source, from files in `folder`; each is asked of it once, or twice where they are many.

    Used with `with`, which ends with the files gone.
    """

    def __init__(self, source: TileSource, grid: Grid, folder: Path, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._source = source
        self._grid = grid
        self._folder = folder
        self._room = kept_bytes
        self._kept: dict[int, _Row] = {}
        self._held: deque[tuple[int, _Row]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for row in (*self._kept.values(), *dict(self._held).values()):
            row.file.close()

    def read(self, tile: Tile) -> Raster:
        """The tile, mapped; raises what the source raises, and `FileUnwritable` where the disk refuses."""
        row = self._kept.get(tile.row) or dict(self._held).get(tile.row)
        if row is None or tile.column not in row.filled:
            pixels = self._source.read(tile)
            row = row or self._begin(tile.row, pixels)
            self._write(row, tile.column, pixels)
        return row.view(tile)

    def _begin(self, number: int, first: Raster) -> _Row:
        """The file of a row, still empty."""
        tiles = self._grid.row_tiles(number)
        values = [tile.width * tile.height * first.shape[2] for tile in tiles]
        size = sum(values) * first.dtype.itemsize
        try:
            file = tempfile.TemporaryFile(dir=self._folder, prefix="tiles-")  # noqa: SIM115  it lives with the row
            file.truncate(size)
            mapped = np.memmap(file, first.dtype, mode="r")
        except OSError as error:
            raise self._refused(error) from error
        row = _Row(file, mapped, tuple(accumulate(values, initial=0)), first.shape[2])
        if size <= self._room:
            self._room -= size
            self._kept[number] = row
        else:
            self._held.append((number, row))
            if len(self._held) > _HELD_ROWS:
                # What was read of it stays mapped until nobody looks at it any more.
                self._held.popleft()[1].file.close()
        return row

    def _write(self, row: _Row, column: int, pixels: Raster) -> None:
        # Written, not mapped: a full disk is then an error, and no signal that ends the process.
        try:
            row.file.seek(row.starts[column] * pixels.dtype.itemsize)
            row.file.write(np.ascontiguousarray(pixels).data)
            row.file.flush()
        except OSError as error:
            raise self._refused(error) from error
        row.filled.add(column)

    def _refused(self, error: OSError) -> FileUnwritable:
        return FileUnwritable(path=self._folder, reason=error.strerror or str(error))


@dataclass(frozen=True)
class _Row:
    """A row of tiles in a file, one after another, and which of them are in it; values count from `starts`."""

    file: BinaryIO
    mapped: NDArray[np.uint8] | NDArray[np.uint16]
    starts: tuple[int, ...]
    channels: int
    filled: set[int] = field(default_factory=set)

    def view(self, tile: Tile) -> Raster:
        values = self.mapped[self.starts[tile.column] : self.starts[tile.column + 1]]
        pixels: Raster = values.reshape(tile.height, tile.width, self.channels)
        return pixels
