"""Tiles that wait on disk: the same pixels, asked of their source once, in memory that does not grow with the width."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from tests.imaging.collected import merged, noise

from renderlock.errors import FileUnwritable
from renderlock.imaging.merge import PixelsSource, SpilledTiles, TileSource, merge_tiles
from renderlock.imaging.pixels import Raster
from renderlock.imaging.tiles import Tile, cut, lay_grid


@dataclass
class Asked:
    """The tiles of a picture, counted as they are read."""

    picture: Raster
    reads: Counter[Tile] = field(default_factory=Counter)

    def read(self, tile: Tile) -> Raster:
        self.reads[tile] += 1
        return cut(self.picture, tile)


class Drifting:
    """Flat tiles, each of its own tone, so that nothing but the merge takes memory."""

    def read(self, tile: Tile) -> Raster:
        level = 100 + 5 * (tile.column % 3) + 7 * (tile.row % 2)
        return np.full((tile.height, tile.width, 3), 257 * level, np.uint16)


class Nowhere:
    """A sink that lets go of every row."""

    def write(self, rows: Raster) -> None:
        """The rows are not kept."""

    def close(self) -> None:
        """Nothing is left to do."""


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kept_bytes", [0, 1 << 20])
def test_spilled_tiles_are_those_of_the_source(bits: int, kept_bytes: int, tmp_path: Path) -> None:
    grid = lay_grid(150, 130, tile=(64, 56), overlap=24, last=(40, 56))
    picture = noise(150, 130, bits=bits)

    with SpilledTiles(PixelsSource(picture), grid, tmp_path, kept_bytes=kept_bytes) as spilled:
        for tile in (*grid.tiles, *reversed(grid.tiles)):
            assert np.array_equal(spilled.read(tile), cut(picture, tile))
        assert np.array_equal(merged(grid, spilled, "two-band")[0], picture)


def test_a_merge_that_looks_twice_asks_the_source_once(tmp_path: Path) -> None:
    grid = lay_grid(300, 200, tile=(120, 120), overlap=30)
    asked = Asked(noise(300, 200))

    with SpilledTiles(asked, grid, tmp_path) as spilled:
        merged(grid, spilled, "two-band")

    assert set(asked.reads.values()) == {1}
    assert len(asked.reads) == len(grid.tiles)


def test_tiles_beyond_the_room_on_disk_are_asked_for_again(tmp_path: Path) -> None:
    grid = lay_grid(100, 900, tile=(100, 120), overlap=20)
    asked = Asked(noise(100, 900))

    with SpilledTiles(asked, grid, tmp_path, kept_bytes=100 * 120 * 3) as spilled:
        merged(grid, spilled, "two-band")

    assert sorted(set(asked.reads.values())) == [1, 2]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    grid = lay_grid(40, 40, tile=(40, 40), overlap=0)

    gone = SpilledTiles(PixelsSource(noise(40, 40)), grid, tmp_path / "gone")

    with gone, pytest.raises(FileUnwritable, match="gone"):
        gone.read(grid.tiles[0])


def test_a_merge_of_spilled_tiles_holds_no_row_of_them(tmp_path: Path) -> None:
    grid = lay_grid(4424, 464, tile=(244, 244), overlap=24)

    def peak_bytes(source: TileSource) -> int:
        tracemalloc.start()
        merge_tiles(grid, source, Nowhere(), blend="two-band")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    with SpilledTiles(Drifting(), grid, tmp_path) as spilled:
        assert peak_bytes(spilled) < peak_bytes(Drifting()) / 2
