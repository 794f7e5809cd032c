"""The tables by which a pixel finds its palette colours: 64 x 64 x 64 cells of sRGB.

Distance is in OKLab with a and b counted double (see `palette`). For ordered dithering a cell also holds a second
colour and how much of it mixes, in linear light, to the cell's colour; that is solved for the cells of a picture only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.colour_spaces import (
    Floats,
    linear_from_srgb,
    oklab_from_linear,
    oklab_from_srgb,
)
from renderlock.imaging.palette import Palette
from renderlock.imaging.pixels import Pixels

CELLS = 64
MIX_STEPS = 64
"""How finely a mixture of two colours is told apart; the number of thresholds in an 8 x 8 Bayer matrix."""

_CHROMA_WEIGHT = np.float32(2)
_PARTNERS = 12
"""Colours tried as the second of a mixture: the nearest ones of the palette."""
_APART_PENALTY = np.float32(0.12)
"""How much a mixture of two distant colours costs, as a share of their distance: it looks like noise."""
_CHUNK_CELLS = 16_384
_BLOCK_CELLS = 256


@dataclass(frozen=True)
class Mixtures:
    """By cell: the darker colour, the lighter one, and how many of 64 pixels are the lighter one."""

    dark: NDArray[np.uint8]
    light: NDArray[np.uint8]
    share: NDArray[np.uint8]


def weighted(lab: Floats) -> Floats:
    """OKLab with a and b doubled: the space in which nearest is nearest."""
    return lab * np.array([1, _CHROMA_WEIGHT, _CHROMA_WEIGHT], dtype=np.float32)


def cells_of(rgb: Pixels) -> NDArray[np.intp]:
    """The cell of each ... x 3 8-bit sRGB value."""
    parts = (rgb[..., :3] >> 2).astype(np.intp)
    cells: NDArray[np.intp] = (parts[..., 0] << 12) | (parts[..., 1] << 6) | parts[..., 2]
    return cells


@lru_cache(maxsize=8)
def nearest_table(palette: Palette) -> NDArray[np.uint8]:
    """The nearest colour's index for each cell's centre; a cell that holds palette colours gives one of those."""
    table = np.empty(CELLS**3, dtype=np.uint8)
    centres = _centres()
    colours = weighted(oklab_from_srgb(palette.rgb))
    for start in range(0, len(centres), _CHUNK_CELLS):
        cells = slice(start, start + _CHUNK_CELLS)
        table[cells] = _distances(weighted(oklab_from_srgb(centres[cells])), colours).argmin(axis=1)
    # The last written wins, so that where two colours share a cell it is the first of the palette.
    own = cells_of(palette.rgb)[::-1]
    table[own] = np.arange(len(palette.colours), dtype=np.uint8)[::-1]
    table.flags.writeable = False
    return table


class MixtureTable:
    """The mixtures of a palette, solved for cells as they are met; what a cell gets does not depend on the others."""

    def __init__(self, palette: Palette) -> None:
        nearest = nearest_table(palette)
        self._palette, self._linear = palette, linear_from_srgb(palette.rgb)
        self._lightness = oklab_from_srgb(palette.rgb)[:, 0]
        self._solved = np.zeros(CELLS**3, dtype=np.bool_)
        self._mixtures = Mixtures(nearest.copy(), nearest.copy(), np.zeros(CELLS**3, dtype=np.uint8))

    def of(self, cells: NDArray[np.intp]) -> Mixtures:
        """The table, solved for these cells at least."""
        met = np.zeros(CELLS**3, dtype=np.bool_)
        met[cells] = True
        new = np.flatnonzero(met & ~self._solved)
        for start in range(0, len(new), _CHUNK_CELLS):
            self._solve(new[start : start + _CHUNK_CELLS])
        self._solved |= met
        return self._mixtures

    def _solve(self, cells: NDArray[np.intp]) -> None:
        nearest = nearest_table(self._palette)[cells]
        # Whole blocks, as a product of matrices may round its last rows otherwise than the ones before.
        filled = np.resize(cells, -(-len(cells) // _BLOCK_CELLS) * _BLOCK_CELLS)
        found = _best_mixtures(_centres()[filled], nearest_table(self._palette)[filled], self._palette, self._linear)
        partner, share = found[0][: len(cells)], found[1][: len(cells)]
        swap = self._lightness[partner] < self._lightness[nearest]
        self._mixtures.dark[cells] = np.where(swap, partner, nearest)
        self._mixtures.light[cells] = np.where(swap, nearest, partner)
        self._mixtures.share[cells] = np.where(swap, MIX_STEPS - share, share)


def _best_mixtures(
    centres: NDArray[np.uint8], nearest: NDArray[np.uint8], palette: Palette, linear: Floats
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The partner of the nearest colour, and its share in 64ths, by the least error and distance."""
    wanted = linear_from_srgb(centres)
    wanted_lab = weighted(oklab_from_linear(wanted))
    colours = weighted(oklab_from_srgb(palette.rgb))
    count = min(_PARTNERS, len(palette.colours))
    partners = np.argpartition(_distances(wanted_lab, colours), count - 1, axis=1)[:, :count]
    own = linear[nearest][:, None, :]
    away = linear[partners] - own
    along = ((wanted[:, None, :] - own) * away).sum(axis=2)
    length = (away * away).sum(axis=2)
    part = np.divide(along, length, out=np.zeros_like(along), where=length > 0).clip(0, 0.5)
    part = np.rint(part * MIX_STEPS) / np.float32(MIX_STEPS)
    mixed = weighted(oklab_from_linear((own + part[:, :, None] * away).astype(np.float32)))
    error = ((mixed - wanted_lab[:, None, :]) ** 2).sum(axis=2)
    apart = ((colours[partners] - colours[nearest][:, None, :]) ** 2).sum(axis=2)
    cost = error + (_APART_PENALTY**2) * apart * (part > 0)
    best = cost.argmin(axis=1)[:, None]
    chosen = np.take_along_axis(partners, best, axis=1)[:, 0].astype(np.uint8)
    steps = np.rint(np.take_along_axis(part, best, axis=1)[:, 0] * MIX_STEPS).astype(np.uint8)
    return chosen, steps


def _distances(points: Floats, colours: Floats) -> Floats:
    """Squared distances, less what is the same for all colours of a point."""
    squares: Floats = (colours * colours).sum(axis=1) - 2 * (points @ colours.T)
    return squares


@lru_cache(maxsize=1)
def _centres() -> NDArray[np.uint8]:
    """The sRGB value in the middle of each cell, in the order of `cells_of`."""
    steps = (np.arange(CELLS) * 4 + 2).astype(np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
