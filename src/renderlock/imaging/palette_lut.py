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


def mixture_table(palette: Palette, present: NDArray[np.bool_]) -> Mixtures:
    """For each cell that is `present`, the two colours that look most like it side by side, and their shares."""
    nearest = nearest_table(palette)
    linear = linear_from_srgb(palette.rgb)
    partner, share = nearest.copy(), np.zeros(CELLS**3, dtype=np.uint8)
    centres, cells = _centres(), np.flatnonzero(present)
    for start in range(0, len(cells), _CHUNK_CELLS):
        some = cells[start : start + _CHUNK_CELLS]
        partner[some], share[some] = _best_mixtures(centres[some], nearest[some], palette, linear)
    lightness = oklab_from_srgb(palette.rgb)[:, 0]
    swap = lightness[partner] < lightness[nearest]
    return Mixtures(
        dark=np.where(swap, partner, nearest),
        light=np.where(swap, nearest, partner),
        share=np.where(swap, MIX_STEPS - share, share).astype(np.uint8),
    )


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


def _centres() -> NDArray[np.uint8]:
    """The sRGB value in the middle of each cell, in the order of `cells_of`."""
    steps = (np.arange(CELLS) * 4 + 2).astype(np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
