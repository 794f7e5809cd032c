"""Floyd-Steinberg error diffusion to a palette, in linear light, computed along diagonals.

Pixels with the same x + 2y do not depend on each other, so a whole diagonal is one array operation; what numpy then
does is what the loop over pixels would do (Floyd, Steinberg 1976). Carried errors are bounded, as a colour that the
palette cannot mix would otherwise bleed into all that follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.colour_spaces import Floats, linear_from_srgb, srgb_from_linear
from renderlock.imaging.palette import Palette
from renderlock.imaging.palette_lut import nearest_table
from renderlock.imaging.pixels import Pixels

_BAND_ROWS = 512
_LINEAR_STEPS = 16_384
_MOST_CARRIED = np.float32(0.2)
"""The largest carried error in linear light: with 0.1 mixing is lost, from 0.3 on a yellow may turn green by and by."""
_RIGHT, _BELOW_LEFT, _BELOW, _BELOW_RIGHT = (np.float32(part / 16) for part in (7, 3, 5, 1))


def diffuse(pixels: Pixels, palette: Palette, clear: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """H x W palette indices of H x W x 3|4 8-bit sRGB; `clear` pixels take and pass on no error."""
    height, width = pixels.shape[:2]
    indices = np.empty((height, width), dtype=np.uint8)
    carried = np.zeros((width + 2, 3), dtype=np.float32)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, min(top + _BAND_ROWS, height))
        band = _Band.of(linear_from_srgb(pixels[rows, :, :3]), None if clear is None else ~clear[rows])
        band.errors[0] = carried
        indices[rows] = _diffuse_band(band, palette)
        carried = band.errors[-1].copy()
    return indices


@dataclass(frozen=True)
class _Band:
    """Rows with a column of padding at each side: their colours, and the errors carried to them and one row on."""

    colours: Floats
    errors: Floats
    active: Floats | None

    @classmethod
    def of(cls, colours: Floats, active: NDArray[np.bool_] | None) -> Self:
        sides = ((0, 0), (1, 1))
        errors = np.zeros((colours.shape[0] + 1, colours.shape[1] + 2, 3), dtype=np.float32)
        mask = None if active is None else np.pad(active, sides).astype(np.float32)
        return cls(np.pad(colours, (*sides, (0, 0))), errors, mask)


def _diffuse_band(band: _Band, palette: Palette) -> NDArray[np.uint8]:
    """The indices of one band; `band.errors` keeps what is carried to the row after it."""
    height, stride = band.colours.shape[:2]
    width = stride - 2
    colours, errors = band.colours.reshape(-1, 3), band.errors.reshape(-1, 3)
    active = None if band.active is None else band.active.reshape(-1, 1)
    found = np.zeros(height * stride, dtype=np.uint8)
    table, choices = nearest_table(palette), linear_from_srgb(palette.rgb)
    for step in range(width + 2 * (height - 1)):
        first, last = max(0, (step - width + 2) // 2), min(height - 1, step // 2)
        start = first * stride + step - 2 * first + 1
        # One row down and two columns left is `width` further, so that a diagonal is a slice.
        stop = start + (last - first) * width + 1
        carried = errors[start:stop:width].clip(-_MOST_CARRIED, _MOST_CARRIED)
        wanted = (colours[start:stop:width] + carried).clip(0, 1)
        chosen = table[_cells(wanted)]
        found[start:stop:width] = chosen
        error = wanted - choices[chosen]
        if active is not None:
            error *= active[start:stop:width]
        errors[start + 1 : stop + 1 : width] += error * _RIGHT
        below, end = start + stride, stop + stride
        errors[below - 1 : end - 1 : width] += error * _BELOW_LEFT
        errors[below:end:width] += error * _BELOW
        errors[below + 1 : end + 1 : width] += error * _BELOW_RIGHT
    return found.reshape(height, stride)[:, 1:-1]


def _cells(linear: Floats) -> NDArray[np.intp]:
    steps = (linear * np.float32(_LINEAR_STEPS - 1) + np.float32(0.5)).astype(np.intp)
    parts = _cell_of_step()[steps]
    cells: NDArray[np.intp] = (parts[:, 0] << 12) | (parts[:, 1] << 6) | parts[:, 2]
    return cells


@lru_cache(maxsize=1)
def _cell_of_step() -> NDArray[np.intp]:
    linear = np.linspace(0, 1, _LINEAR_STEPS, dtype=np.float32)
    return (srgb_from_linear(linear) >> 2).astype(np.intp)
