"""The gate before the merge: whether two tiles agree where they overlap.

Feathering hides what disagrees here from any measure of the merged picture, so it is asked before: tone, place and
coarse content. Fine detail may differ, which the merge is made for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.registration import phase_cross_correlation

from renderlock.imaging.pixels import Raster
from renderlock.metrics.seams.measure import as_levels
from renderlock.spec.verdict import Measure, Verdict

GATE = "overlap"

_COARSE_PX = 8
_STEPS_A_PIXEL = 20
_LEAST_CONTRAST = 2.0
"""Levels of luma deviation below which an overlap has nothing to register by."""
_MOST_UNLIKE = 0.6
"""Registration error (share of the energy that does not match, root) above which the shift found means nothing."""


@dataclass(frozen=True)
class OverlapMeasure:
    """How the second tile differs from the first where they overlap.

    `offsets` are median differences of R, G, B in 8-bit levels, with sign; `shift_px` how far the content moved, None
    where there is too little to tell; `coarse_levels` the RMS of 8 x 8 block means once the offsets are taken out.
    """

    offsets: tuple[float, float, float]
    shift_px: float | None
    coarse_levels: float


@dataclass(frozen=True)
class OverlapLimits:
    """The most each measure may be: below these a merge leaves nothing to see."""

    offset_levels: float = 1.0
    shift_px: float = 0.25
    coarse_levels: float = 2.0


OVERLAP_LIMITS = OverlapLimits()


def compare_overlap(first: Raster, second: Raster) -> OverlapMeasure:
    """How two views (H x W x 1..4, 8 or 16 bits, one size) of the same part of a canvas differ.

    The shift is found by windowed phase correlation, refined to a twentieth of a pixel (Guizar-Sicairos, Thurman,
    Fienup 2008).
    """
    one, other = as_levels(first), as_levels(second)
    difference = (other - one).astype(np.float64)
    medians = np.median(difference, axis=(0, 1))
    coarse = _block_means(difference - medians)
    red, green, blue = (float(value) for value in medians)
    return OverlapMeasure((red, green, blue), _shift(one, other), float(np.sqrt((coarse**2).mean())))


def overlap_verdict(measured: Sequence[OverlapMeasure], limits: OverlapLimits = OVERLAP_LIMITS) -> Verdict:
    """The verdict of the gate `overlap` over all overlaps of a grid: the worst of each measure."""
    shifts = [one.shift_px for one in measured if one.shift_px is not None]
    offset = max((abs(value) for one in measured for value in one.offsets), default=0.0)
    coarse = max((one.coarse_levels for one in measured), default=0.0)
    measures = [
        Measure("offset_levels", offset, "median difference of a channel, worst overlap", most=limits.offset_levels),
        Measure("coarse_levels", coarse, "RMS difference of 8 px means, worst overlap", most=limits.coarse_levels),
    ]
    if shifts:
        measures.append(Measure("shift_px", max(shifts), "displacement, worst overlap", most=limits.shift_px))
    unknown = len(measured) - len(shifts)
    notes = (f"{unknown} of {len(measured)} overlaps show too little to register.",) if unknown else ()
    return Verdict(GATE, tuple(measures), notes)


def _shift(first: NDArray[np.float32], second: NDArray[np.float32]) -> float | None:
    lumas = [levels.astype(np.float64) @ np.array([0.299, 0.587, 0.114]) for levels in (first, second)]
    if min(luma.std() for luma in lumas) < _LEAST_CONTRAST or min(lumas[0].shape) < _COARSE_PX:
        return None
    window = np.outer(*(np.hanning(length) for length in lumas[0].shape))
    shown = [(luma - luma.mean()) * window for luma in lumas]
    shift, error, _ = phase_cross_correlation(*shown, upsample_factor=_STEPS_A_PIXEL, normalization=None)
    return float(np.hypot(*shift)) if error < _MOST_UNLIKE else None


def _block_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = (length // _COARSE_PX * _COARSE_PX for length in values.shape[:2])
    if not height or not width:
        return np.asarray(values.mean(axis=(0, 1), keepdims=True))
    blocks = values[:height, :width].reshape(height // _COARSE_PX, _COARSE_PX, width // _COARSE_PX, _COARSE_PX, -1)
    return np.asarray(blocks.mean(axis=(1, 3)))
