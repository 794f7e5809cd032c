"""Tiles with their own tone and detail, merged row of tiles by row of tiles, in two bands.

In a row each tile is merged with what lies left of it, then each row with what lies above it. Only overlaps are
computed; the rest of a tile is read as it is, with its tone offset. One row of tiles, its overlaps and the end of the
row above are in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.merge.ports import TileSource
from renderlock.imaging.merge.two_band import Floats, merge_overlap
from renderlock.imaging.pixels import Raster, colour_channels
from renderlock.imaging.tiles import Grid

SLAB_BYTES = 4 << 20
"""Rows leave in pieces of about this size."""

Emit = Callable[[Floats], None]


def merge_strips(grid: Grid, source: TileSource, offsets: NDArray[np.float64], emit: Emit) -> None:
    """Gives the merged rows to `emit`, from top to bottom, as float32 levels of the tiles' own type.

    `offsets` is tiles x colour channels, in levels of the tiles' own type: what is added to each.
    """
    waiting: Floats | None = None
    for row, span in enumerate(grid.down):
        first = row * grid.columns
        until = grid.down[row + 1].start if row + 1 < grid.rows else grid.height
        # The strip is not named here, so that it is gone before the next one is made.
        waiting = _finish_strip(
            _merge_row(grid, source, row, offsets[first : first + grid.columns]), waiting, until - span.start, emit
        )


def _finish_strip(strip: _Strip, above: Floats | None, cut: int, emit: Emit) -> Floats | None:
    """Emits a strip's rows up to `cut`, merged with what lies above; gives the rest, which the next strip overlaps."""
    shared = 0 if above is None else len(above)
    merged = strip.rows(0, 0) if above is None else _merge_below(above, strip.rows(0, shared))
    _emit_slabs(merged[:cut], emit)
    slab = _slab_rows(merged)
    for top in range(shared, cut, slab):
        emit(strip.rows(top, min(top + slab, cut)))
    if cut >= strip.height:
        return None
    rest = strip.rows(max(cut, shared), strip.height)
    return np.concatenate([merged[cut:], rest]) if cut < shared else rest


@dataclass(frozen=True)
class _Piece:
    """Columns `start` to `end` of a strip: a tile's own pixels with their offset, or a merged overlap without one."""

    start: int
    end: int
    pixels: Raster | Floats
    offset: Floats | None

    def cut(self, start: int, end: int) -> _Piece:
        left, right = max(start, self.start), min(end, self.end)
        return _Piece(left, right, self.pixels[:, left - self.start : right - self.start], self.offset)

    def read(self, top: int, bottom: int) -> Floats:
        rows = self.pixels[top:bottom].astype(np.float32)
        if self.offset is not None:
            rows[..., : len(self.offset)] += self.offset
        return rows


@dataclass(frozen=True)
class _Strip:
    """A row of tiles merged from left to right; computed as it is read."""

    height: int
    pieces: list[_Piece]

    @property
    def end(self) -> int:
        return self.pieces[-1].end

    def rows(self, top: int, bottom: int, start: int = 0, end: int | None = None) -> Floats:
        """Rows of the strip, or some columns of them."""
        stop = self.end if end is None else end
        channels = self.pieces[0].pixels.shape[2]
        rows = np.empty((bottom - top, stop - start, channels), np.float32)
        for piece in self.pieces:
            if piece.start < stop and piece.end > start:
                part = piece.cut(start, stop)
                rows[:, part.start - start : part.end - start] = part.read(top, bottom)
        return rows


def _merge_row(grid: Grid, source: TileSource, row: int, offsets: NDArray[np.float64]) -> _Strip:
    strip = _Strip(grid.down[row].length, [])
    for tile, offset in zip(grid.row_tiles(row), offsets.astype(np.float32), strict=True):
        pixels = source.read(tile)
        added = offset if offset.any() else None
        own = _Piece(tile.left, tile.right, pixels, added)
        if not strip.pieces:
            strip.pieces.append(own)
            continue
        covered = strip.end
        if covered > tile.left:
            left = strip.rows(0, tile.height, tile.left, covered)
            merged = merge_overlap(left, own.cut(tile.left, covered).read(0, tile.height), alpha=_has_alpha(pixels))
            strip.pieces[:] = [piece.cut(0, tile.left) for piece in strip.pieces if piece.start < tile.left]
            strip.pieces.append(_Piece(tile.left, covered, merged, None))
        strip.pieces.append(own.cut(covered, tile.right))
    return strip


def _merge_below(above: Floats, below: Floats) -> Floats:
    """The merge of what lies above with the start of the row below; both rows x width x channels."""
    lying = merge_overlap(above.swapaxes(0, 1), below.swapaxes(0, 1), alpha=_has_alpha(above))
    return lying.swapaxes(0, 1)


def _emit_slabs(rows: Floats, emit: Emit) -> None:
    slab = _slab_rows(rows)
    for top in range(0, len(rows), slab):
        emit(np.ascontiguousarray(rows[top : top + slab]))


def _slab_rows(rows: Floats) -> int:
    row_bytes: int = rows.shape[1] * rows.shape[2] * 4
    return max(1, SLAB_BYTES // row_bytes)


def _has_alpha(pixels: Raster | Floats) -> bool:
    channels: int = pixels.shape[2]
    return colour_channels(channels) < channels
