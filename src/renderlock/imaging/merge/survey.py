"""The look at all overlaps before a merge: do tiles agree, and how far is each one's tone off?

Reads each tile once and keeps only the rims that the next tiles need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderlock.imaging.back_projection import Base
from renderlock.imaging.merge.ports import Look, TileSource
from renderlock.imaging.pixels import Raster, colour_channels
from renderlock.imaging.tiles import Grid, Overlap, Tile

AGREE_RMS = 1.0
"""Tiles agree where values differ by less than a level in 8 bits; then a plain feather leaves no trace."""

_SAMPLES = 40_000
_PATCHES = 16
"""A tile is compared with the base by the means of 16 x 16 patches."""

Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Survey:
    """What was found in each overlap, and each tile's difference from the base; all in 8-bit levels.

    `middles` is overlaps x colour channels: second tile less first. `rms` has a number an overlap. `to_base` is
    tiles x colour channels: what would have to be added to meet the base; None without one.
    """

    overlaps: tuple[Overlap, ...]
    middles: Levels
    rms: Levels
    to_base: Levels | None
    kind: type[np.uint8 | np.uint16]

    @property
    def agrees(self) -> bool:
        """Whether a plain feather is enough."""
        return bool((self.rms < AGREE_RMS).all())


def survey_tiles(grid: Grid, source: TileSource, base: Base | None, show: Look | None = None) -> Survey:
    """Looks at every overlap of the grid, and shows each to `show`."""
    look = _Pass(grid, source, base)
    found = {}
    for overlap, first, second in look.shared():
        found[overlap] = _difference(first, second)
        if show is not None:
            show(overlap, first, second)
    middles = np.array([found[overlap][0] for overlap in grid.overlaps])
    rms = np.array([found[overlap][1] for overlap in grid.overlaps])
    return Survey(grid.overlaps, middles, rms, np.array(look.to_base) if base is not None else None, look.kind)


class _Pass:
    """One pass over all tiles."""

    def __init__(self, grid: Grid, source: TileSource, base: Base | None) -> None:
        self.kind: type[np.uint8 | np.uint16] = np.uint8
        self.to_base: list[Levels] = []
        self._grid = grid
        self._source = source
        self._base = None if base is None else _BaseBand(grid, base)
        self._overlaps = {(overlap.axis, overlap.second): overlap for overlap in grid.overlaps}

    def shared(self) -> Iterator[tuple[Overlap, Raster, Raster]]:
        """Every overlap with both tiles' pixels there; notes each tile's difference from the base on the way."""
        above: list[Raster] = []
        for row in range(self._grid.rows):
            below: list[Raster] = []
            left: Raster | None = None
            for tile in self._grid.row_tiles(row):
                pixels = self._source.read(tile)
                yield from self._meets(tile, pixels, left, above)
                left = _right_rim(self._grid, tile, pixels)
                below.append(_lower_rim(self._grid, tile, pixels))
            above = below

    def _meets(
        self, tile: Tile, pixels: Raster, left: Raster | None, above: list[Raster]
    ) -> Iterator[tuple[Overlap, Raster, Raster]]:
        self.kind = np.uint8 if pixels.dtype == np.uint8 else np.uint16
        beside, over = self._overlaps.get(("x", tile)), self._overlaps.get(("y", tile))
        if beside is not None and left is not None:
            yield beside, left, pixels[:, : beside.width]
        if over is not None:
            yield over, above[tile.column], pixels[: over.height]
        if self._base is not None:
            self.to_base.append(self._base.lacks(tile, pixels))


def _right_rim(grid: Grid, tile: Tile, pixels: Raster) -> Raster | None:
    if tile.column + 1 == grid.columns:
        return None
    return pixels[:, grid.across[tile.column + 1].start - tile.left :].copy()


def _lower_rim(grid: Grid, tile: Tile, pixels: Raster) -> Raster:
    start = grid.down[tile.row + 1].start - tile.top if tile.row + 1 < grid.rows else len(pixels)
    return pixels[start:].copy()


def levels_of(kind: type[np.uint8 | np.uint16]) -> float:
    """How many of a type's own steps make an 8-bit level."""
    return 1.0 if kind is np.uint8 else 257.0


def _in_levels(pixels: Raster) -> NDArray[np.float32]:
    return pixels.astype(np.float32) / np.float32(1 if pixels.dtype == np.uint8 else 257)


def _difference(first: Raster, second: Raster) -> tuple[Levels, float]:
    """The middle of second less first by colour channel, and the root mean square of all of them."""
    colours = colour_channels(first.shape[2])
    if np.array_equal(first, second):
        return np.zeros(colours), 0.0
    difference = _in_levels(second) - _in_levels(first)
    rms = float(np.sqrt(np.mean(np.square(difference), dtype=np.float64)))
    flat = difference[..., :colours].reshape(-1, colours)
    if colours < first.shape[2]:
        seen = (np.minimum(first, second)[..., -1] > 0).ravel()
        flat = flat[seen]
    sample = flat[:: max(1, len(flat) // _SAMPLES)]
    return _middle_half(sample), rms


def _middle_half(values: NDArray[np.float32]) -> Levels:
    """The mean of the middle half of each column: as steady as a median, and finer than whole levels."""
    count = len(values)
    if count == 0:
        return np.zeros(values.shape[1])
    low, high = count // 4, count - count // 4
    parts = np.partition(values, (low, high - 1), axis=0)[low:high]
    return np.asarray(parts.mean(axis=0, dtype=np.float64))


class _BaseBand:
    """The base as far as one row of tiles shows it."""

    def __init__(self, grid: Grid, base: Base) -> None:
        self._grid = grid
        self._base = base
        self._top = 0
        self._rows: Raster = base.read_rows(0, 0)

    def lacks(self, tile: Tile, pixels: Raster) -> Levels:
        """What a tile lacks to the base: the median difference of the means of patches, by colour channel."""
        across, down = self._base.width / self._grid.width, self._base.height / self._grid.height
        if tile.column == 0:
            self._top = int(tile.top * down)
            self._rows = self._base.read_rows(self._top, min(self._base.height, int(np.ceil(tile.bottom * down))))
        box = (tile.left * across, tile.top * down - self._top, tile.right * across, tile.bottom * down - self._top)
        whole = (0.0, 0.0, float(tile.width), float(tile.height))
        colours = range(colour_channels(pixels.shape[2]))
        wanted = (_patch_means(_in_levels(self._rows[..., channel]), box) for channel in colours)
        shown = (_patch_means(_in_levels(pixels[..., channel]), whole) for channel in colours)
        return np.array([np.median(one - other) for one, other in zip(wanted, shown, strict=True)])


def _patch_means(channel: NDArray[np.float32], box: tuple[float, float, float, float]) -> Levels:
    shrunk = Image.fromarray(channel).resize((_PATCHES, _PATCHES), Image.Resampling.BOX, box=box)
    return np.asarray(shrunk, dtype=np.float64)
