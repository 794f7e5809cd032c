"""Maps over small windows: means, extremes, finest detail and blocks of what `cells` found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

WINDOW_PX = 8
"""Side of the windows in which the source and the result are compared, in source pixels."""

BAND_ROWS = 256
REACH_PX = 16
"""More than a blur or a range, and the mean over windows of it, look beyond their place."""

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


@dataclass(frozen=True)
class Band:
    """Rows of a map: those to be made, those held to make them, and where the first are among the second."""

    rows: slice[int, int, None]
    held: slice[int, int, None]
    inside: slice[int, int, None]


def bands_of(height: int) -> Iterator[Band]:
    """The bands of a map of `height` rows, each held with all that the windows of this module reach from it."""
    for top in range(0, height, BAND_ROWS):
        bottom = min(height, top + BAND_ROWS)
        first, last = max(0, top - REACH_PX), min(height, bottom + REACH_PX)
        yield Band(slice(top, bottom), slice(first, last), slice(top - first, bottom - first))


def window_means(plane: Map, side: int = WINDOW_PX) -> Map:
    """The mean of the `side` x `side` window around each pixel of an H x W map, edges continued."""
    before = side // 2
    padded = np.pad(plane.astype(np.float64), (before, side - before - 1), mode="edge")
    sums = np.zeros((padded.shape[0] + 1, padded.shape[1] + 1))
    np.cumsum(np.cumsum(padded, axis=0), axis=1, out=sums[1:, 1:])
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    # Running sums leave hairs below zero.
    return np.asarray(np.maximum(total / side**2, 0), np.float32)


def local_range(plane: Map, side: int) -> Map:
    """The lightest less the darkest value of an H x W map in the window of odd `side` around each pixel."""
    return _extreme(plane, side, np.maximum) - _extreme(plane, side, np.minimum)


def finest_energy(colours: NDArray[np.float32]) -> Map:
    """H x W: the mean square, in each window, of what a binomial blur takes from H x W x C colours, over channels.

    It is the finest octave the picture itself has: what an upscaler has to go by, and where kernels differ.
    """
    blurred = colours
    for axis in (0, 1):
        shifted = _shifts(blurred, axis, 5)
        blurred = np.asarray(sum(part * np.float32(weight) for part, weight in zip(shifted, _BINOMIAL, strict=True)))
    fine = colours - blurred
    return window_means((fine * fine).mean(axis=2))


def block_maxima(plane: Map, side: int) -> NDArray[np.float64]:
    """The largest value in each `side` x `side` block of an H x W map; blocks at the edge may be smaller."""
    rows, columns = (np.arange(0, length, side) for length in plane.shape)
    return np.maximum.reduceat(np.maximum.reduceat(plane.astype(np.float64), rows, axis=0), columns, axis=1)


def _extreme(plane: Map, side: int, how: np.ufunc) -> Map:
    for axis in (0, 1):
        plane = np.asarray(how.reduce(_shifts(plane, axis, side)))
    return plane


def _shifts(values: NDArray[np.float32], axis: int, count: int) -> list[NDArray[np.float32]]:
    """The values moved along an axis by -count // 2 to count // 2 pixels, edges continued."""
    widths = [(count // 2, count // 2) if at == axis else (0, 0) for at in range(values.ndim)]
    padded = np.pad(values, widths, mode="edge")
    return [np.take(padded, range(start, start + values.shape[axis]), axis=axis) for start in range(count)]
