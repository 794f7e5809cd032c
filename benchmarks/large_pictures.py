"""Large test pictures made of photographs at their own resolution, so that encoders find what they find in pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from benchmarks.photographs import shipped_photographs
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels
from renderlock.imaging.tiles import Grid, Tile, lay_grid

CROP_PX = 256
TILE_PX, OVERLAP_PX = 1024, 128
COLOURED = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")


def mosaic(side: int, seed: int = 0) -> Pixels:
    """A square picture of crops of scikit-image's coloured photographs, some mirrored."""
    random = np.random.default_rng(seed)
    photographs = [picture for name, picture in shipped_photographs().items() if name in COLOURED]
    canvas = np.empty((side, side, 3), np.uint8)
    for top in range(0, side, CROP_PX):
        for left in range(0, side, CROP_PX):
            picture = photographs[random.integers(len(photographs))]
            y, x = (random.integers(0, length - CROP_PX + 1) for length in picture.shape[:2])
            crop = picture[y : y + CROP_PX, x : x + CROP_PX]
            place = canvas[top : top + CROP_PX, left : left + CROP_PX]
            place[...] = crop[: len(place), : place.shape[1]][:, :: random.choice([-1, 1])]
    return canvas


def mapped(folder: Path, side: int) -> NDArray[np.uint8]:
    """The mosaic in a file that is mapped, made on the first call."""
    path = folder / f"mosaic-{side}.npy"
    if not path.exists():
        np.save(path, mosaic(side))
    found: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return found


def square_grid(side: int) -> Grid:
    """Tiles of 1024 px with an overlap of 128: 81 of them make 8192 px."""
    return lay_grid(side, side, tile=(TILE_PX, TILE_PX), overlap=OVERLAP_PX)


class RawTiles:
    """The 81 tiles of an 8192 px picture as raw bytes in one mapped file; larger pictures repeat them."""

    def __init__(self, folder: Path) -> None:
        path = folder / "tiles.npy"
        if not path.exists():
            self._write(path, folder)
        self._tiles: NDArray[np.uint8] = np.load(path, mmap_mode="r")

    def read(self, tile: Tile) -> Pixels:
        """The pixels of a tile, mapped."""
        found: Pixels = self._tiles[tile.row % 8, tile.column % 8]
        return found

    @staticmethod
    def _write(path: Path, folder: Path) -> None:
        """8 x 8 tiles of a picture whose right and lower rims are its left and upper ones again."""
        stride, side = TILE_PX - OVERLAP_PX, 8 * (TILE_PX - OVERLAP_PX)
        picture = mapped(folder, side)
        around = np.pad(picture, ((0, OVERLAP_PX), (0, OVERLAP_PX), (0, 0)), mode="wrap")
        tiles = np.empty((8, 8, TILE_PX, TILE_PX, 3), np.uint8)
        for row in range(8):
            for column in range(8):
                top, left = row * stride, column * stride
                tiles[row, column] = around[top : top + TILE_PX, left : left + TILE_PX]
        np.save(path, tiles)
