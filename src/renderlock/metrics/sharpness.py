"""How much fine, middle and coarse detail a picture holds, in decibels (`sharpness/bands@1`).

Blur lowers the fine band most, grain raises it; moving or recolouring a subject leaves all three alone. It measures
finish, not quality: an illustration with flat colours is not worse than a photograph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.reduction import shrink_within

Plane = NDArray[np.float64]

_LARGEST_SIDE = 1024
_FLOOR = 0.01
"""Variance added to each band, in squared 8-bit steps: below rounding noise, it keeps a flat picture at -20 dB."""


@dataclass(frozen=True)
class Sharpness:
    """Log energy of three octaves of detail, in dB over one squared 8-bit step of luma; about -20 (flat) to 35.

    `fine` is detail of 2 to 4 pixels, `middle` of 4 to 8, `coarse` of 8 to 16.
    """

    fine: float
    middle: float
    coarse: float


def measure_sharpness(pixels: Pixels) -> Sharpness:
    """The detail of H x W x 3|4 8-bit pixels in three bands of a Laplacian pyramid (Burt, Adelson 1983).

    Luma is Rec. 601. Pictures larger than 1024 are first reduced to 1024 on the longer side, so pixels of the bands
    are pixels at that size.
    """
    rgb = shrink_within(pixels, _LARGEST_SIDE).astype(np.float64)
    level = rgb @ np.array([0.299, 0.587, 0.114])
    energies = []
    for _ in range(3):
        smooth = _binomial_blur(level)
        energies.append(10 * np.log10(float(np.mean((level - smooth) ** 2)) + _FLOOR))
        level = smooth[::2, ::2]
    return Sharpness(*energies)


def sharpness_table(measured: Sequence[Sharpness]) -> NDArray[np.float64]:
    """N x 3 dB: fine, middle, coarse of each picture."""
    return np.array([(one.fine, one.middle, one.coarse) for one in measured]).reshape(-1, 3)


def _binomial_blur(plane: Plane) -> Plane:
    """The plane under the 1-4-6-4-1 kernel in both directions, edges mirrored."""
    for axis in (0, 1):
        # "edge" and not "reflect": it also works on one row of pixels.
        widths = [(2, 2) if at == axis else (0, 0) for at in range(2)]
        padded = np.pad(plane, widths, mode="edge")
        length = plane.shape[axis]
        shifted = [np.take(padded, range(start, start + length), axis=axis) for start in range(5)]
        plane = (shifted[0] + 4 * shifted[1] + 6 * shifted[2] + 4 * shifted[3] + shifted[4]) / 16
    return plane
