"""A sink that keeps what it is given, and pictures to merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from renderlock.imaging.merge import Base, Blend, MergeReport, TileSource, merge_tiles
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.tiles import Grid, Tile


@dataclass
class Collected:
    """Keeps the rows written to it."""

    rows: list[Raster] = field(default_factory=list)

    def write(self, rows: Raster) -> None:
        self.rows.append(rows.copy())

    def close(self) -> None:
        """Nothing is left to do."""

    @property
    def picture(self) -> Raster:
        kind = self.rows[0].dtype
        whole = np.concatenate([rows.astype(np.uint16) for rows in self.rows])
        return whole.astype(np.uint8) if kind == np.uint8 else whole


@dataclass(frozen=True)
class Given:
    """Tiles from a table."""

    tiles: Mapping[Tile, Raster]

    def read(self, tile: Tile) -> Raster:
        return self.tiles[tile]


def merged(
    grid: Grid, source: TileSource, blend: Blend = "auto", base: Base | None = None
) -> tuple[Raster, MergeReport]:
    """The merged picture and the report."""
    sink = Collected()
    report = merge_tiles(grid, source, sink, blend=blend, base=base)
    return sink.picture, report


def noise(width: int, height: int, channels: int = 3, *, bits: int = 8, seed: int = 0) -> Raster:
    """Random values over the whole range."""
    values = np.random.default_rng(seed).integers(0, 1 << bits, (height, width, channels))
    return values.astype(np.uint8) if bits == 8 else values.astype(np.uint16)


def photograph() -> Pixels:
    """A photograph of 512 x 512 px, NASA, in the public domain."""
    from skimage.data import astronaut  # noqa: PLC0415  loading it takes half a second

    picture: Pixels = astronaut()
    return picture
