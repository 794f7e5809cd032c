"""An enlarged picture seen from its source: what each source pixel became, as maps of the source's size.

The result is walked through in bands of rows, so that only maps of the source's size are ever held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.back_projection import down
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.resampling import Floats, Taps, resampling
from renderlock.metrics.reduction import opaque

Map = NDArray[np.float32]
"""Height x width of the source."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_BAND_CELLS = 32


@dataclass(frozen=True)
class Cells:
    """What the result shows where each source pixel was: its cell of about factor x factor pixels.

    `seen` (H x W x 3) is the result scaled down to the source by back-projection's antialiased cubic. `added` is the
    mean square of what luma has beyond plain cubic interpolation of the source; `low` and `high` are the darkest and
    lightest luma in the cell. All in 8-bit levels.
    """

    seen: Floats
    added: Map
    low: Map
    high: Map


def look_at(source: Pixels, result: Pixels) -> Cells:
    """The cells of a result (h x w x 3|4) on its source (H x W x 3|4), both 8 bits; alpha lies over middle grey.

    Raises `ValueError` where the result is smaller than the source.
    """
    (height, width), (tall, wide) = source.shape[:2], result.shape[:2]
    if tall < height or wide < width:
        raise ValueError(f"the result ({wide}x{tall}) is smaller than its source ({width}x{height})")
    luma = opaque(source).astype(np.float32) @ _LUMA
    up_rows, up_columns = resampling(height, tall), resampling(width, wide)
    rows, columns = _edges(height, tall), _edges(width, wide)
    maps = np.empty((3, height, width), np.float32)
    for first in range(0, height, _BAND_CELLS):
        last = min(first + _BAND_CELLS, height)
        band = opaque(result[rows[first] : rows[last]]).astype(np.float32) @ _LUMA
        plain = up_columns.across(_rows_of(up_rows, luma, rows[first], rows[last])[..., None])[..., 0]
        starts = (rows[first:last] - rows[first], columns[:-1])
        areas = np.outer(np.diff(rows[first : last + 1]), np.diff(columns))
        maps[0, first:last] = _reduced(np.add, (band - plain) ** 2, starts) / areas
        maps[1, first:last] = _reduced(np.minimum, band, starts)
        maps[2, first:last] = _reduced(np.maximum, band, starts)
    return Cells(down(_opaque_bands(result), width, height), maps[0], maps[1], maps[2])


def _opaque_bands(result: Pixels) -> Pixels:
    """`opaque`, in bands: its sums in double precision would be eight times the picture."""
    if result.shape[2] == 3:
        return result
    laid = np.empty((*result.shape[:2], 3), np.uint8)
    for top in range(0, len(result), _BAND_CELLS):
        laid[top : top + _BAND_CELLS] = opaque(result[top : top + _BAND_CELLS])
    return laid


def _edges(cells: int, length: int) -> NDArray[np.intp]:
    """Where each cell begins among `length` pixels, and the end, halves rounded up; no cell is empty."""
    return (2 * length * np.arange(cells + 1, dtype=np.intp) + cells) // (2 * cells)


def _rows_of(taps: Taps, plane: Map, first: int, last: int) -> Map:
    """Rows `first` to `last` of a plane resampled down its columns."""
    total = np.zeros((last - first, plane.shape[1]), np.float32)
    for step in range(taps.weights.shape[1]):
        places = np.minimum(taps.starts[first:last] + step, taps.length - 1)
        total += plane[places] * taps.weights[first:last, step, None].astype(np.float32)
    return total


def _reduced(how: np.ufunc, plane: Map, starts: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Map:
    return np.asarray(how.reduceat(how.reduceat(plane, starts[0], axis=0), starts[1], axis=1), np.float32)
