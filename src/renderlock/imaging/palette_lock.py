"""Locking a picture to a palette, plainly, by an ordered pattern or by error diffusion, row by row.

Ordered patterns stay where they are when the picture moves or is edited, so they are the choice for tiles and
sprites. Error diffusion is smoother and crawls between frames. Pixel art wants neither.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.palette import OPAQUE_FROM, Dither, Palette
from renderlock.imaging.palette_diffusion import Diffusion
from renderlock.imaging.palette_lut import MIX_STEPS, MixtureTable, cells_of, nearest_table
from renderlock.imaging.pixels import Pixels

_PATTERN_SIDE = 8
_MOST_WITH_TRANSPARENT = 255
"""Colours a palette may have beside the entry for what is transparent."""


class PaletteLocker:
    """Takes the rows of one picture as they come and gives their palette indices, with diffusion some rows behind.

    Bands of any height give what the whole picture gives. Alpha of 128 and more is opaque, less is transparent. Without
    dithering and with the ordered pattern, a pixel that has a palette colour keeps it.
    """

    def __init__(self, palette: Palette, dither: Dither, width: int) -> None:
        self._palette, self._dither = palette, dither
        self._mixtures = MixtureTable(palette)
        self._diffusion = Diffusion(palette, width)
        self._clear: list[NDArray[np.bool_]] = []
        self._top = 0
        self.has_clear = False

    @property
    def transparent(self) -> int | None:
        """The index of what is transparent; None where nothing was so far."""
        return len(self._palette.colours) if self.has_clear else None

    def take(self, rows: Pixels) -> NDArray[np.uint8]:
        """The indices of all rows that can be told by now; h x W x 3|4 8-bit sRGB goes in.

        Raises `ValueError` where transparency would need one entry more than a PNG holds.
        """
        if rows.shape[2] == 4:
            self._note_clear(rows[..., 3] < OPAQUE_FROM)
        if self._dither == "diffusion":
            indices = self._diffusion.take(rows)
        elif self._dither == "ordered":
            indices = _ordered(rows, self._top, self._palette, self._mixtures)
        else:
            indices = nearest_indices(rows, self._palette)
        self._top += len(rows)
        return self._cleared(indices)

    def finish(self) -> NDArray[np.uint8]:
        """The indices of the rows that are left."""
        return self._cleared(self._diffusion.finish())

    def _note_clear(self, clear: NDArray[np.bool_]) -> None:
        self.has_clear = self.has_clear or bool(clear.any())
        if self.has_clear and len(self._palette.colours) > _MOST_WITH_TRANSPARENT:
            msg = "the picture has transparent pixels, so the palette may have 255 colours at most"
            raise ValueError(msg)
        self._clear.append(clear)

    def _cleared(self, indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._clear and len(indices):
            clear = np.concatenate(self._clear)
            self._clear = [clear[len(indices) :]]
            indices[clear[: len(indices)]] = len(self._palette.colours)
        return indices


def nearest_indices(rgb: Pixels, palette: Palette) -> NDArray[np.uint8]:
    """The index of the nearest colour of each ... x 3|4 8-bit sRGB value."""
    indices: NDArray[np.uint8] = nearest_table(palette)[cells_of(rgb)]
    crowded = _crowded(palette)
    if crowded:
        packed = _packed(rgb)
        for index in crowded:
            indices[packed == _packed(palette.rgb[index])] = index
    return indices


def _ordered(band: Pixels, top: int, palette: Palette, table: MixtureTable) -> NDArray[np.uint8]:
    nearest, cells = nearest_indices(band, palette), cells_of(band)
    mixtures = table.of(cells)
    height, width = band.shape[:2]
    rows, columns = (top + np.arange(height)) % _PATTERN_SIDE, np.arange(width) % _PATTERN_SIDE
    thresholds = _bayer()[rows][:, columns]
    lighter = mixtures.share[cells] > thresholds
    mixed: NDArray[np.uint8] = np.where(lighter, mixtures.light[cells], mixtures.dark[cells])
    # A pixel of a palette colour is no mixture, whatever else its cell stands for.
    own = _packed(palette.rgb)[nearest] == _packed(band)
    mixed[own] = nearest[own]
    return mixed


def _crowded(palette: Palette) -> list[int]:
    """The colours that share their cell with an earlier one, which the table cannot give."""
    _, first = np.unique(cells_of(palette.rgb), return_index=True)
    return sorted(set(range(len(palette.colours))) - set(first.tolist()))


def _packed(rgb: Pixels) -> NDArray[np.uint32]:
    parts = rgb[..., :3].astype(np.uint32)
    parts[..., 2] |= (parts[..., 0] << 16) | (parts[..., 1] << 8)
    return parts[..., 2]


@lru_cache(maxsize=1)
def _bayer() -> NDArray[np.uint8]:
    """The 8 x 8 Bayer matrix, 0 to 63."""
    matrix = np.zeros((1, 1), dtype=np.int64)
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    assert matrix.max() == MIX_STEPS - 1
    return matrix.astype(np.uint8)
