"""Floats to whole levels without bands: fractions become a fixed fine pattern instead of steps.

Whole numbers stay as they are, so what was not changed by a computation is not changed by rounding either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Raster

_SIDE = 64
_STEPS = 128


def _pattern() -> NDArray[np.float32]:
    """Thresholds below 1 whose neighbours lie far apart: the R2 sequence of Roberts (2018), a side of 64 px."""
    y, x = np.mgrid[:_SIDE, :_SIDE]
    fraction = (0.7548776662466927 * x + 0.5698402909980532 * y) % 1.0
    # Multiples of 1/256, exact in float32 even beside 65535, and never 0 or 1: a whole number less an error of
    # rounding stays that number.
    thresholds: NDArray[np.float32] = ((np.floor(fraction * _STEPS) + 0.5) / _STEPS).astype(np.float32)
    return thresholds


PATTERN = _pattern()


def quantise(rows: NDArray[np.float32], top: int, kind: type[np.uint8 | np.uint16]) -> Raster:
    """Rows of float32 levels, n x width x channels, as whole levels of that type; `rows[0]` is the picture's row `top`.

    A value of 7.3 becomes 8 at three in ten pixels and 7 at the others; what is out of range is clipped.
    """
    count, width, _ = rows.shape
    places = (top + np.arange(count)) % _SIDE
    across = PATTERN[places][:, np.arange(width) % _SIDE]
    levels = rows + across[..., None]
    np.floor(levels, out=levels)
    np.clip(levels, 0, np.iinfo(kind).max, out=levels)
    return levels.astype(np.uint8) if kind is np.uint8 else levels.astype(np.uint16)
