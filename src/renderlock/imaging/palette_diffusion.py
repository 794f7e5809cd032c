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
from renderlock.imaging.palette import OPAQUE_FROM, Palette
from renderlock.imaging.palette_lut import nearest_table
from renderlock.imaging.pixels import Pixels

_BAND_ROWS = 512
_LINEAR_STEPS = 16_384
_MOST_CARRIED = np.float32(0.2)
"""The largest carried error in linear light: with 0.1 mixing is lost, from 0.3 on a yellow may turn green by and by."""
_RIGHT, _BELOW_LEFT, _BELOW, _BELOW_RIGHT = (np.float32(part / 16) for part in (7, 3, 5, 1))


class Diffusion:
    """Takes the rows of one picture as they come and gives palette indices, a block of rows behind.

    Blocks are of 512 rows whatever the bands are, as the order of sums at their borders decides about last bits.
    """

    def __init__(self, palette: Palette, width: int) -> None:
        self._palette = palette
        self._carried = np.zeros((width + 2, 3), dtype=np.float32)
        self._waiting: list[Pixels] = []
        self._rows = 0

    def take(self, rows: Pixels) -> NDArray[np.uint8]:
        """The indices of all rows that can be told by now; h x W x 3|4 8-bit sRGB goes in.

        Pixels with an alpha below 128 take and pass on no error.
        """
        self._waiting.append(rows)
        self._rows += len(rows)
        return self._told(self._rows // _BAND_ROWS * _BAND_ROWS)

    def finish(self) -> NDArray[np.uint8]:
        """The indices of the rows that are left."""
        return self._told(self._rows)

    def _told(self, count: int) -> NDArray[np.uint8]:
        width = self._carried.shape[0] - 2
        if not count:
            return np.empty((0, width), dtype=np.uint8)
        waiting = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        parts = [self._block(waiting[top : min(top + _BAND_ROWS, count)]) for top in range(0, count, _BAND_ROWS)]
        self._waiting, self._rows = ([waiting[count:].copy()], self._rows - count) if count < self._rows else ([], 0)
        return np.concatenate(parts)

    def _block(self, rows: Pixels) -> NDArray[np.uint8]:
        opaque = None if rows.shape[2] == 3 else rows[..., 3] >= OPAQUE_FROM
        band = _Band.of(linear_from_srgb(rows[..., :3]), opaque)
        band.errors[0] = self._carried
        indices = _diffuse_band(band, self._palette)
        self._carried = band.errors[-1].copy()
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
