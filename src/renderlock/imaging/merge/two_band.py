"""Two pictures over their overlap in two bands: the coarse tones fade, the fine detail changes at a seam.

Burt and Adelson, A Multiresolution Spline with Application to Image Mosaics (1983), with two bands: below a Gaussian
of 4 px a Hann ramp, above it a seam where the two differ least. A plain feather would average two unlike details
and leave a soft stripe; a plain seam would leave a step in tone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.merge.seam_path import Costs, Path, cheapest_path
from renderlock.imaging.merge.windows import ramp

SIGMA_PX = 4.0
REACH_PX = 12
"""The Gaussian ends at three sigma."""

FEATHER_PX = 1.5
"""Half the width of the ramp of the fine band at its seam."""

PIECE_LINES = 256
_REMEMBERED = 3
_MIDDLE = 1e-3

Floats = NDArray[np.float32]


def _kernel() -> Floats:
    weights = np.exp(-0.5 * (np.arange(REACH_PX + 1) / SIGMA_PX) ** 2)
    kernel: Floats = (weights / (2 * weights.sum() - weights[0])).astype(np.float32)
    return kernel


KERNEL = _kernel()


Lines = Callable[[int, int], Floats]
"""Gives some lines of a picture of an overlap, from one up to another: n x width x channels, the seam along them."""


class OverlapMerge:
    """The merge of two pictures of one overlap of `shape` (length, width, channels), computed where it is looked at.

    It equals the first at the start of the second axis and the second at its end, up to the ramp's half pixel; equal
    pixels come out as they are. With `alpha` the last channel says how much a pixel's colours count. The seam is found
    at the start. Lines are read and merged `PIECE_LINES` at a time, of which a few are kept, so what it holds does not
    grow with its length.
    """

    def __init__(self, first: Lines, second: Lines, shape: tuple[int, int, int], *, alpha: bool) -> None:
        self._first, self._second = first, second
        self._shape = shape
        self._alpha = alpha
        self._fade = ramp(shape[1])[None, :, None]
        self._merged: OrderedDict[int, Floats] = OrderedDict()
        self._path = cheapest_path(self._costs())

    def lines(self, start: int, end: int) -> Floats:
        """The merged lines from `start` up to `end`, n x width x channels."""
        if start >= end:
            return np.empty((0, *self._shape[1:]), np.float32)
        parts = []
        for number in range(start // PIECE_LINES, -(-end // PIECE_LINES)):
            top = number * PIECE_LINES
            parts.append(self._piece(number)[max(start - top, 0) : end - top])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _piece(self, number: int) -> Floats:
        """The merged lines of one piece, the last few of which are remembered."""
        if number not in self._merged:
            bands = self._bands(number * PIECE_LINES)
            hard = _seam_ramp(self._path[bands.start : bands.end], self._shape[1])[..., None]
            merged = np.empty(bands.first.shape, np.float32)
            _blend(merged, bands, self._fade, hard, alpha=self._alpha)
            self._merged[number] = merged
            if len(self._merged) > _REMEMBERED:
                self._merged.popitem(last=False)
        return self._merged[number]

    def _bands(self, start: int) -> _Bands:
        """A piece of both pictures in two bands; it sees its neighbours as far as the Gaussian reaches."""
        length = self._shape[0]
        end = min(start + PIECE_LINES, length)
        above, below = max(0, start - REACH_PX), min(length, end + REACH_PX)
        first, second = self._first(above, below), self._second(above, below)
        difference = np.subtract(second, first, order="C")
        if self._alpha:
            unseen = np.minimum(first[..., -1], second[..., -1]) <= 0
            difference[unseen, :-1] = 0
        inner = slice(start - above, end - above)
        low = _blur(_blur(difference, 0)[inner], 1)
        return _Bands(start, end, first[inner], second[inner], low, difference[inner] - low)

    def _costs(self) -> Costs:
        """How much a seam through each pixel would show: the square of the fine band's difference, least in the
        middle."""
        length, width, channels = self._shape
        costs = np.empty((length, width), np.float32)
        for start in range(0, length, PIECE_LINES):
            bands = self._bands(start)
            costs[bands.start : bands.end] = np.einsum("ijk,ijk->ij", bands.high, bands.high) / channels
        away = np.abs(np.arange(width) - (width - 1) / 2) / width
        costs += (_MIDDLE * away).astype(np.float32)
        return costs


@dataclass(frozen=True)
class _Bands:
    """Some lines of both pictures, and what the second has more in the low and the high band."""

    start: int
    end: int
    first: Floats
    second: Floats
    low: Floats
    high: Floats


def _seam_ramp(path: Path, width: int) -> Floats:
    """The share of the second picture's fine band, lines x width: from 0 to 1 across the path."""
    distance = np.arange(width) + 0.5 - path[:, None]
    share: Floats = np.clip(distance / (2 * FEATHER_PX) + 0.5, 0.0, 1.0).astype(np.float32)
    return share


def _blend(target: Floats, piece: _Bands, fade: Floats, hard: Floats, *, alpha: bool) -> None:
    if not alpha:
        np.multiply(piece.low, fade, out=target)
        target += piece.high * hard
        target += piece.first
        return
    first, second = piece.first[..., -1:], piece.second[..., -1:]
    seen_fade, seen_hard = _by_alpha(fade, first, second), _by_alpha(hard, first, second)
    target[...] = piece.first + piece.low * fade + piece.high * hard
    colours = (piece.first + piece.low * seen_fade + piece.high * seen_hard)[..., :-1]
    colours = np.where(first <= 0, np.where(second <= 0, piece.first, piece.second)[..., :-1], colours)
    target[..., :-1] = np.where((second <= 0) & (first > 0), piece.first[..., :-1], colours)


def _by_alpha(share: Floats, first: Floats, second: Floats) -> Floats:
    """A share of the second picture, weighted by how much each one is seen."""
    whole = (1 - share) * first + share * second
    return np.where(whole > 0, share * second / np.where(whole > 0, whole, 1), share).astype(np.float32)


def _blur(values: Floats, axis: int) -> Floats:
    """A Gaussian along one axis, mirrored at its ends; zero where all it sees is zero."""
    padding = [(0, 0)] * values.ndim
    padding[axis] = (REACH_PX, REACH_PX)
    padded = np.moveaxis(np.pad(values, padding, mode="symmetric"), axis, 0)
    length = values.shape[axis]
    total = KERNEL[0] * padded[REACH_PX : REACH_PX + length]
    for distance in range(1, REACH_PX + 1):
        low, high = REACH_PX - distance, REACH_PX + distance
        pair = padded[low : low + length] + padded[high : high + length]
        pair *= KERNEL[distance]
        total += pair
    return np.moveaxis(total, 0, axis)
