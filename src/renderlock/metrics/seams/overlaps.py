"""The gate before the merge: whether two tiles agree where they overlap.

Feathering hides what disagrees here from any measure of the merged picture, so it is asked before: tone, place,
sharpness and coarse content. Fine detail may differ, which the merge is made for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Raster
from renderlock.metrics.seams.measure import as_levels
from renderlock.metrics.seams.registration import Plane, Shift, halved, register, smoothed
from renderlock.spec.verdict import Measure, Verdict

GATE = "overlap"

_COARSE_PX = 8
_PIECE_PX = 64
_SAMPLES = 1 << 14
_SPARSE = 4
_BANDS = 3
_FAINT = 0.5
"""Squared levels of detail below which rounding and grain decide how sharp a view is."""

_SURE_ERRORS = 6.0
_SURE_PLACES = 20.0
_SURE_AMONG = 2.0
"""Errors taken off a shift before it counts, more where few places speak or many overlaps are asked: contours that a
model redraws wander together, so errors of shifts have long tails (`benchmarks/seam_overlaps.py`)."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Band:
    """Detail of one size: how alike both views draw it (1 the same, 0 unrelated), and the second's strength over the
    first's in amplitude.
    """

    coherence: float
    strength: float


@dataclass(frozen=True)
class OverlapMeasure:
    """How the second tile differs from the first where they overlap.

    `offsets` are middle differences of R, G, B in 8-bit levels, with sign. `shift` is how far the content moved, None
    where there is too little structure to tell. `coarse_levels` is the RMS of 8 x 8 block means once the offsets are
    taken out, `tone_levels` the largest middle difference of luma in a piece of 64 pixels, likewise. `bands` tell of
    detail of 1 to 2, 2 to 4 and 4 to 8 pixels, as many as the overlap has room for.
    """

    offsets: tuple[float, float, float]
    shift: Shift | None
    coarse_levels: float
    tone_levels: float = 0.0
    bands: tuple[Band, ...] = ()

    @property
    def shift_px(self) -> float | None:
        """How far the content moved, as estimated; None where there is too little to tell."""
        return None if self.shift is None else self.shift.length_px

    def moved_px(self, among: int = 1) -> float | None:
        """How far the content moved beyond doubt, where so many overlaps are asked: the estimate less its errors."""
        if self.shift is None:
            return None
        errors = _SURE_ERRORS + _SURE_PLACES / self.shift.places + _SURE_AMONG * math.log(among)
        return max(0.0, self.shift.length_px - errors * self.shift.error_px)

    @property
    def blur(self) -> float:
        """How many times stronger one tile draws its fine detail than the other: 1 is equally sharp."""
        return max((max(band.strength, 1 / band.strength) for band in self.bands[:2]), default=1.0)


@dataclass(frozen=True)
class OverlapLimits:
    """The most each measure may be: natural pictures encoded again, and a model's own tiles, stay below."""

    offset_levels: float = 1.0
    shift_px: float = 0.2
    coarse_levels: float = 6.0
    tone_levels: float = 1.5
    blur: float = 1.75


OVERLAP_LIMITS = OverlapLimits()


def compare_overlap(first: Raster, second: Raster) -> OverlapMeasure:
    """How two views (H x W x 1..4, 8 or 16 bits, one size) of the same part of a canvas differ.

    0.08 CPU seconds a megapixel.
    """
    one, other = as_levels(first), as_levels(second)
    difference = other - one
    offsets = _middles(difference.reshape(-1, 3))
    planes = np.asarray(one @ _LUMA), np.asarray(other @ _LUMA)
    coarse = _block_means(difference) - offsets
    red, green, blue = (float(value) for value in offsets)
    return OverlapMeasure(
        (red, green, blue),
        register(*planes),
        float(np.sqrt(np.square(coarse).mean())),
        _largest_tone(planes[1] - planes[0] - offsets @ _LUMA),
        _bands(*planes),
    )


def overlap_verdict(measured: Sequence[OverlapMeasure], limits: OverlapLimits = OVERLAP_LIMITS) -> Verdict:
    """The verdict of the gate `overlap` over all overlaps of a grid: the worst of each measure."""
    known = [one for one in measured if one.shift is not None]
    moved = [one.moved_px(len(known)) or 0.0 for one in known]
    offset = max((abs(value) for one in measured for value in one.offsets), default=0.0)
    coarse = max((one.coarse_levels for one in measured), default=0.0)
    tone = max((one.tone_levels for one in measured), default=0.0)
    blur = max((one.blur for one in measured), default=1.0)
    measures = [
        Measure("offset_levels", offset, "middle difference of a channel, worst overlap", most=limits.offset_levels),
        Measure("tone_levels", tone, "what 64 px of an overlap differ in tone beyond that", most=limits.tone_levels),
        Measure("coarse_levels", coarse, "RMS difference of 8 px means, worst overlap", most=limits.coarse_levels),
        Measure("blur", blur, "fine detail of one tile over the other's, worst overlap", most=limits.blur),
    ]
    if moved:
        measures.append(
            Measure("shift_px", max(moved), "displacement beyond doubt, worst overlap", most=limits.shift_px)
        )
    unknown = len(measured) - len(moved)
    notes = (f"{unknown} of {len(measured)} overlaps show too little to register.",) if unknown else ()
    return Verdict(GATE, tuple(measures), notes)


def _middles(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the middle half of each of 3 columns, of up to 32,768 rows: a median, but finer than levels."""
    sample = values[:: max(1, len(values) // _SAMPLES)]
    low, high = len(sample) // 4, len(sample) - len(sample) // 4
    return np.asarray(np.partition(sample, (low, high - 1), axis=0)[low:high].mean(axis=0))


def _largest_tone(luma: Plane) -> float:
    """The largest middle difference of a piece along the longer side."""
    along = luma if luma.shape[0] >= luma.shape[1] else luma.T
    starts = range(0, max(1, len(along) - _PIECE_PX // 2), _PIECE_PX)
    pieces = [along[start : start + _PIECE_PX, ::_SPARSE].reshape(-1, 1) for start in starts]
    return max(abs(float(_middles(piece)[0])) for piece in pieces)


def _bands(first: Plane, second: Plane) -> tuple[Band, ...]:
    found = []
    for _ in range(_BANDS):
        if min(first.shape) < _COARSE_PX:
            break
        low, other_low = smoothed(first), smoothed(second)
        fine, other_fine = first[1:-1, 1:-1] - low, second[1:-1, 1:-1] - other_low
        power, other_power = (float(np.vdot(plane, plane)) / plane.size + _FAINT for plane in (fine, other_fine))
        common = float(np.vdot(fine, other_fine)) / fine.size + _FAINT
        found.append(Band(common / float(np.sqrt(power * other_power)), float(np.sqrt(other_power / power))))
        first, second = halved(low), halved(other_low)
    return tuple(found)


def _block_means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (length // _COARSE_PX * _COARSE_PX for length in values.shape[:2])
    if not height or not width:
        return np.asarray(values.mean(axis=(0, 1), keepdims=True))
    rows = values[:height, :width].reshape(height // _COARSE_PX, _COARSE_PX, -1).sum(axis=1)
    blocks = rows.reshape(height // _COARSE_PX, width // _COARSE_PX, _COARSE_PX, -1).sum(axis=2)
    return np.asarray(blocks / np.float32(_COARSE_PX**2))
