"""Floyd-Steinberg error diffusion to a palette, in linear light, computed along diagonals.

Pixels with the same x + 2y do not depend on each other, so a whole diagonal is one array operation; what numpy then
does is what the loop over pixels would do (Floyd, Steinberg 1976).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.colour_spaces import Floats, linear_from_srgb, srgb_from_linear
from renderlock.imaging.palette import Palette
from renderlock.imaging.palette_lut import nearest_table
from renderlock.imaging.pixels import Pixels

_BAND_ROWS = 512
_LINEAR_STEPS = 16_384
_RIGHT, _BELOW_LEFT, _BELOW, _BELOW_RIGHT = (np.float32(part / 16) for part in (7, 3, 5, 1))


def diffuse(pixels: Pixels, palette: Palette, clear: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """H x W palette indices of H x W x 3|4 8-bit sRGB; `clear` pixels take and pass on no error."""
    height, width = pixels.shape[:2]
    indices = np.empty((height, width), dtype=np.uint8)
    carried = np.zeros((width + 2, 3), dtype=np.float32)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, min(top + _BAND_ROWS, height))
        work = np.zeros((rows.stop - top + 1, width + 2, 3), dtype=np.float32)
        work[:-1, 1:-1] = linear_from_srgb(pixels[rows, :, :3])
        work[0] += carried
        active = None if clear is None else _padded(~clear[rows])
        found = _diffuse_band(work, palette, active)
        indices[rows] = found[:, 1:-1]
        carried = work[-1]
    return indices


def _diffuse_band(work: Floats, palette: Palette, active: Floats | None) -> NDArray[np.uint8]:
    """Indices of one band with a column of padding at each side; `work` keeps the error for the row after it."""
    height, stride = work.shape[0] - 1, work.shape[1]
    width = stride - 2
    flat, found = work.reshape(-1, 3), np.zeros(height * stride, dtype=np.uint8)
    table, colours = nearest_table(palette), linear_from_srgb(palette.rgb)
    for step in range(width + 2 * (height - 1)):
        first, last = max(0, (step - width + 2) // 2), min(height - 1, step // 2)
        start = first * stride + step - 2 * first + 1
        # One row down and two columns left is `width` further, so that a diagonal is a slice.
        stop = start + (last - first) * width + 1
        wanted = flat[start:stop:width]
        chosen = table[_cells(wanted)]
        found[start:stop:width] = chosen
        error = wanted - colours[chosen]
        if active is not None:
            error *= active.reshape(-1, 1)[start:stop:width]
        flat[start + 1 : stop + 1 : width] += error * _RIGHT
        below = start + stride, stop + stride
        flat[below[0] - 1 : below[1] - 1 : width] += error * _BELOW_LEFT
        flat[below[0] : below[1] : width] += error * _BELOW
        flat[below[0] + 1 : below[1] + 1 : width] += error * _BELOW_RIGHT
    return found.reshape(height, stride)


def _cells(linear: Floats) -> NDArray[np.intp]:
    steps = (linear.clip(0, 1) * np.float32(_LINEAR_STEPS - 1) + np.float32(0.5)).astype(np.intp)
    parts = _cell_of_step()[steps]
    cells: NDArray[np.intp] = (parts[:, 0] << 12) | (parts[:, 1] << 6) | parts[:, 2]
    return cells


@lru_cache(maxsize=1)
def _cell_of_step() -> NDArray[np.intp]:
    linear = np.linspace(0, 1, _LINEAR_STEPS, dtype=np.float32)
    return (srgb_from_linear(linear) >> 2).astype(np.intp)


def _padded(active: NDArray[np.bool_]) -> Floats:
    return np.pad(active, ((0, 0), (1, 1))).astype(np.float32)
