"""The plain feather: tiles copied where they lie alone, Hann weights in whole numbers where they overlap.

The canvas falls into cells that the same tiles cover. A cell of one tile is copied; others are weighted sums,
rounded once. Only one row of tiles and the end of the one before are in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.merge.ports import TileSource
from renderlock.imaging.merge.windows import Segment, segments
from renderlock.imaging.pixels import Raster
from renderlock.imaging.tiles import Grid

SLAB_BYTES = 1 << 20
"""Rows are put together in pieces of about this size: larger ones would leave the processor's cache."""

Emit = Callable[[Raster], None]
_Whole = type[np.uint16] | type[np.uint32]


def feather_tiles(grid: Grid, source: TileSource, emit: Emit) -> None:
    """Gives the merged rows from top to bottom to `emit`, in a buffer that is used again for the next ones."""
    first = _TileRow.read(grid, source, 0)
    depth = _Depth.of(first.tiles[0])
    across = segments(grid.across, depth.bits)
    held = {0: first}
    for band in segments(grid.down, depth.bits):
        held = {row: tiles.below(band.start) for row, tiles in held.items()}
        for row in band.covering:
            if row not in held:
                held[row] = _TileRow.read(grid, source, row)
        held = {row: held[row] for row in band.covering}
        _Band(band, across, [held[row] for row in band.covering], depth).emit(emit)


@dataclass(frozen=True)
class _Depth:
    """The whole numbers that hold a value, a value times one weight, and a value times two weights."""

    bits: int
    value: type[np.uint8 | np.uint16]
    once: type[np.uint16 | np.uint32]
    twice: type[np.uint32 | np.uint64]

    @classmethod
    def of(cls, pixels: Raster) -> _Depth:
        return cls(8, np.uint8, np.uint16, np.uint32) if pixels.dtype == np.uint8 else _DEEP


_DEEP = _Depth(16, np.uint16, np.uint32, np.uint64)


@dataclass(frozen=True)
class _TileRow:
    """The tiles of a row from the canvas's row `top` on, and where each begins across."""

    top: int
    tiles: list[Raster]
    lefts: list[int]

    @classmethod
    def read(cls, grid: Grid, source: TileSource, row: int) -> _TileRow:
        tiles = [source.read(tile) for tile in grid.row_tiles(row)]
        return cls(grid.down[row].start, tiles, [span.start for span in grid.across])

    def below(self, top: int) -> _TileRow:
        """The part that is still needed, copied, so that the rest is let go."""
        if top == self.top:
            return self
        return _TileRow(top, [tile[top - self.top :].copy() for tile in self.tiles], self.lefts)

    def cell(self, column: int, top: int, bottom: int, cell: Segment) -> Raster:
        """The part of a tile that lies in these rows of the canvas and that segment across."""
        left = self.lefts[column]
        return self.tiles[column][top - self.top : bottom - self.top, cell.start - left : cell.end - left]


@dataclass
class _Band:
    """A stretch of rows that the same rows of tiles cover."""

    down: Segment
    across: tuple[Segment, ...]
    rows: list[_TileRow]
    depth: _Depth
    _spread: dict[int, NDArray[np.uint32]] = field(default_factory=dict)

    def emit(self, emit: Emit) -> None:
        channels, width = self.rows[0].tiles[0].shape[2], self.across[-1].end
        slab = max(1, SLAB_BYTES // (width * channels * self.depth.bits // 8))
        buffer = np.empty((min(slab, self.down.end - self.down.start), width, channels), self.depth.value)
        for top in range(self.down.start, self.down.end, slab):
            bottom = min(top + slab, self.down.end)
            for cell in self.across:
                self._fill(buffer[: bottom - top, cell.start : cell.end], top, bottom, cell)
            emit(buffer[: bottom - top])

    def _fill(self, target: Raster, top: int, bottom: int, cell: Segment) -> None:
        parts = [[row.cell(column, top, bottom, cell) for column in cell.covering] for row in self.rows]
        if len(parts) == 1 and len(parts[0]) == 1:
            target[...] = parts[0][0]
            return
        heavy = self.down.weights[:, top - self.down.start : bottom - self.down.start]
        if target.shape[2] in {2, 4} and not _all_opaque(parts):
            _mix_by_alpha(target, parts, heavy, cell.weights)
        else:
            self._mix(target, parts, heavy, cell)

    def _mix(self, target: Raster, parts: list[list[Raster]], heavy: NDArray[np.uint32], cell: Segment) -> None:
        """The weighted sum of the parts, rounded once; exact where they are equal."""
        depth = self.depth
        if len(parts) == 1:
            total, shift = _weighted(parts[0], self._along(cell, target.shape[2]), depth.once), depth.bits
        elif len(parts[0]) == 1:
            lines = [weights[:, None].astype(depth.once) for weights in heavy]
            total, shift = _weighted([row[0] for row in parts], lines, depth.once), depth.bits
        else:
            light = self._along(cell, target.shape[2])
            sums = [_weighted(row, light, depth.once).astype(depth.twice) for row in parts]
            total = sum(each * weights[:, None].astype(depth.twice) for each, weights in zip(sums, heavy, strict=True))
            shift = 2 * depth.bits
        total += total.dtype.type(1 << (shift - 1))
        total >>= total.dtype.type(shift)
        target[...] = total.reshape(target.shape)

    def _along(self, cell: Segment, channels: int) -> list[NDArray[np.uint32]]:
        """The weights of a segment across, one for each value of a row of pixels."""
        if cell.start not in self._spread:
            self._spread[cell.start] = np.repeat(cell.weights, channels, axis=1).astype(self.depth.once)
        return list(self._spread[cell.start])


def _weighted(parts: list[Raster], weights: list[NDArray[np.uint32]], kind: _Whole) -> NDArray[np.uint32]:
    """The sum of parts times weights, rows x values."""
    total = np.multiply(parts[0].reshape(len(parts[0]), -1), weights[0], dtype=kind)
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        total += np.multiply(part.reshape(len(part), -1), weight, dtype=kind)
    return total


def _all_opaque(parts: list[list[Raster]]) -> bool:
    top = np.iinfo(parts[0][0].dtype).max
    return all(bool((part[..., -1] == top).all()) for row in parts for part in row)


def _mix_by_alpha(
    target: Raster, parts: list[list[Raster]], heavy: NDArray[np.uint32], light: NDArray[np.uint32]
) -> None:
    """The mix of tiles with transparency: colours count as much as they are seen.

    Each tile's weight is multiplied by its alpha; differences to the first tile are added, so that equal tiles come
    out as they are, their invisible colours too.
    """
    down, across = heavy / heavy.sum(axis=0), light / light.sum(axis=0)
    flat = [part.astype(np.float64) for row in parts for part in row]
    shares = [(y[:, None] * x)[..., None] for y in down for x in across]
    seen = [share * part[..., -1:] for share, part in zip(shares, flat, strict=True)]
    whole = np.sum(seen, axis=0)
    mixed = flat[0].copy()
    for share, weight, part in zip(shares, seen, flat, strict=True):
        part_share = np.where(whole > 0, weight / np.where(whole > 0, whole, 1.0), share)
        mixed[..., :-1] += part_share * (part - flat[0])[..., :-1]
        mixed[..., -1:] += share * (part - flat[0])[..., -1:]
    target[...] = np.rint(mixed)
