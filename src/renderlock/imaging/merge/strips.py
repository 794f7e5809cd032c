"""Tiles with their own tone and detail, merged row of tiles by row of tiles, in two bands.

In a row each tile is merged with what lies left of it, then each row with what lies above it. Only overlaps are
computed, piece by piece as rows leave; the rest of a tile is read as it is, with its tone offset. What is held for a
row of tiles is what its source gives and the overlap with the row above.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.merge.ports import TileSource
from renderlock.imaging.merge.two_band import PIECE_LINES, Floats, OverlapMerge
from renderlock.imaging.pixels import Raster, colour_channels
from renderlock.imaging.tiles import Grid

SLAB_BYTES = 1 << 20
"""Rows leave in pieces of about this size, but not in fewer than `_LEAST_ROWS`."""

_LEAST_ROWS = 16

Emit = Callable[[Floats], None]
Columns = Callable[[int, int], Floats]
"""Gives some columns, from one up to another, of rows that wait for those below: rows x n x channels."""


def merge_strips(grid: Grid, source: TileSource, offsets: NDArray[np.float64], emit: Emit) -> None:
    """Gives the merged rows to `emit`, from top to bottom, as float32 levels of the tiles' own type.

    `offsets` is tiles x colour channels, in levels of the tiles' own type: what is added to each.
    """
    waiting: _Waiting | None = None
    for row, span in enumerate(grid.down):
        first = row * grid.columns
        until = grid.down[row + 1].start if row + 1 < grid.rows else grid.height
        # The strip is not named here, so that it is gone before the next one is made.
        waiting = _finish_strip(
            _merge_row(grid, source, row, offsets[first : first + grid.columns]), waiting, until - span.start, emit
        )


@dataclass(frozen=True)
class _Waiting:
    """The last rows of a strip, which the next one overlaps."""

    rows: int
    read: Columns


def _finish_strip(strip: _Strip, above: _Waiting | None, cut: int, emit: Emit) -> _Waiting | None:
    """Emits a strip's rows up to `cut`, merged with what lies above; gives the rest, which the next strip overlaps."""
    merged = strip.rows(0, 0) if above is None else _merge_below(above, strip)
    shared = len(merged)
    slab = _slab_rows(merged)
    for top in range(0, min(cut, shared), slab):
        emit(merged[top : min(top + slab, cut)])
    for top in range(shared, cut, slab):
        emit(strip.rows(top, min(top + slab, cut)))
    if cut >= strip.height:
        return None
    if cut >= shared:
        return _Waiting(strip.height - cut, lambda start, end: strip.rows(cut, strip.height, start, end))
    rest = np.concatenate([merged[cut:], strip.rows(shared, strip.height)])
    return _Waiting(len(rest), lambda start, end: rest[:, start:end])


class _Plane(Protocol):
    """Something that columns of a strip are read from."""

    def read(self, top: int, bottom: int, left: int, right: int) -> Floats:
        """Rows of the strip from `top` up to `bottom`, within the canvas's columns from `left` up to `right`."""


@dataclass(frozen=True)
class _TilePlane:
    """A tile's own pixels with their offset; it begins at the canvas's column `left`."""

    left: int
    pixels: Raster
    offset: Floats | None

    def read(self, top: int, bottom: int, left: int, right: int) -> Floats:
        levels: Floats = self.pixels[top:bottom, left - self.left : right - self.left].astype(np.float32)
        if self.offset is not None:
            levels[..., : len(self.offset)] += self.offset
        return levels


@dataclass(frozen=True)
class _SeamPlane:
    """Two tiles merged over their overlap, which begins at the canvas's column `left`."""

    left: int
    merge: OverlapMerge

    def read(self, top: int, bottom: int, left: int, right: int) -> Floats:
        return self.merge.lines(top, bottom)[:, left - self.left : right - self.left]


@dataclass(frozen=True)
class _Piece:
    """The columns of a strip from `start` up to `end`, and what they are read from."""

    start: int
    end: int
    plane: _Plane


@dataclass(frozen=True)
class _Strip:
    """A row of tiles merged from left to right; computed as it is read."""

    height: int
    channels: int
    pieces: tuple[_Piece, ...]

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    def rows(self, top: int, bottom: int, start: int = 0, end: int | None = None) -> Floats:
        """Rows of the strip, or some columns of them."""
        stop = self.end if end is None else end
        rows = np.empty((bottom - top, stop - start, self.channels), np.float32)
        for piece in self.pieces:
            left, right = max(start, piece.start), min(stop, piece.end)
            if left < right and top < bottom:
                rows[:, left - start : right - start] = piece.plane.read(top, bottom, left, right)
        return rows

    def then(self, piece: _Piece) -> _Strip:
        """The strip with a piece that begins where it ends."""
        return _Strip(self.height, self.channels, (*self.pieces, piece))

    def up_to(self, end: int) -> _Strip:
        """The strip as far as a column."""
        kept = (_Piece(one.start, min(one.end, end), one.plane) for one in self.pieces if one.start < end)
        return _Strip(self.height, self.channels, tuple(kept))


def _merge_row(grid: Grid, source: TileSource, row: int, offsets: NDArray[np.float64]) -> _Strip:
    strip: _Strip | None = None
    for tile, offset in zip(grid.row_tiles(row), offsets.astype(np.float32), strict=True):
        own = _TilePlane(tile.left, source.read(tile), offset if offset.any() else None)
        if strip is None:
            strip = _Strip(tile.height, own.pixels.shape[2], (_Piece(tile.left, tile.right, own),))
            continue
        covered = strip.end
        if covered > tile.left:
            merge = _merge_beside(strip, own, covered)
            strip = strip.up_to(tile.left).then(_Piece(tile.left, covered, _SeamPlane(tile.left, merge)))
        strip = strip.then(_Piece(covered, tile.right, own))
    assert strip is not None
    return strip


def _merge_beside(strip: _Strip, tile: _TilePlane, covered: int) -> OverlapMerge:
    """The merge of a strip, which ends at the column `covered`, with the tile that begins before that."""
    return OverlapMerge(
        lambda top, bottom: strip.rows(top, bottom, tile.left, covered),
        lambda top, bottom: tile.read(top, bottom, tile.left, covered),
        (strip.height, covered - tile.left, strip.channels),
        alpha=_has_alpha(strip.channels),
    )


def _merge_below(above: _Waiting, strip: _Strip) -> Floats:
    """The merge of the rows that wait with the start of the strip below: rows x width x channels."""
    lying = OverlapMerge(
        lambda start, end: above.read(start, end).swapaxes(0, 1),
        lambda start, end: strip.rows(0, above.rows, start, end).swapaxes(0, 1),
        (strip.end, above.rows, strip.channels),
        alpha=_has_alpha(strip.channels),
    )
    merged = np.empty((above.rows, strip.end, strip.channels), np.float32)
    for start in range(0, strip.end, PIECE_LINES):
        end = min(start + PIECE_LINES, strip.end)
        merged[:, start:end] = lying.lines(start, end).swapaxes(0, 1)
    return merged


def _slab_rows(rows: Floats) -> int:
    row_bytes: int = rows.shape[1] * rows.shape[2] * 4
    return max(_LEAST_ROWS, SLAB_BYTES // row_bytes)


def _has_alpha(channels: int) -> bool:
    return colour_channels(channels) < channels
