"""Two pictures over their overlap in two bands: the coarse tones fade, the fine detail changes at a seam.

Burt and Adelson, A Multiresolution Spline with Application to Image Mosaics (1983), with two bands: below a Gaussian
of 4 px a Hann ramp, above it a seam where the two differ least. A plain feather would average two unlike details
and leave a soft stripe; a plain seam would leave a step in tone.
"""

from __future__ import annotations

from collections.abc import Iterator
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

_PIECE = 256
_MIDDLE = 1e-3

Floats = NDArray[np.float32]


def _kernel() -> Floats:
    weights = np.exp(-0.5 * (np.arange(REACH_PX + 1) / SIGMA_PX) ** 2)
    kernel: Floats = (weights / (2 * weights.sum() - weights[0])).astype(np.float32)
    return kernel


KERNEL = _kernel()


def merge_overlap(first: Floats, second: Floats, *, alpha: bool) -> Floats:
    """The merge of two pictures of one overlap, length x width x channels, the seam running along the first axis.

    Equals `first` at the start of the second axis and `second` at its end, up to the ramp's half pixel. Equal pixels
    come out as they are. With `alpha` the last channel says how much a pixel's colours count.
    """
    merged = np.empty(first.shape, np.float32)
    path = cheapest_path(_costs(first, second, alpha=alpha))
    fade = ramp(first.shape[1])[None, :, None]
    for piece in _pieces(first, second, alpha=alpha):
        hard = _seam_ramp(path[piece.start : piece.end], first.shape[1])[..., None]
        target = merged[piece.start : piece.end]
        _blend(target, piece, fade, hard, alpha=alpha)
    return merged


@dataclass(frozen=True)
class _Piece:
    """Some lines of both pictures, and what the second has more in the low and the high band."""

    start: int
    end: int
    first: Floats
    second: Floats
    low: Floats
    high: Floats


def _pieces(first: Floats, second: Floats, *, alpha: bool) -> Iterator[_Piece]:
    """The overlap in pieces that stay small; each sees its neighbours as far as the Gaussian reaches."""
    length = len(first)
    for start in range(0, length, _PIECE):
        end = min(start + _PIECE, length)
        above, below = max(0, start - REACH_PX), min(length, end + REACH_PX)
        difference = np.subtract(second[above:below], first[above:below], order="C")
        if alpha:
            unseen = np.minimum(first[above:below, :, -1], second[above:below, :, -1]) <= 0
            difference[unseen, :-1] = 0
        inner = slice(start - above, end - above)
        low = _blur(_blur(difference, 0)[inner], 1)
        yield _Piece(start, end, first[start:end], second[start:end], low, difference[inner] - low)


def _costs(first: Floats, second: Floats, *, alpha: bool) -> Costs:
    """How much a seam through each pixel would show: the square of the fine band's difference, least in the middle."""
    length, width, channels = first.shape
    costs = np.empty((length, width), np.float32)
    for piece in _pieces(first, second, alpha=alpha):
        costs[piece.start : piece.end] = np.einsum("ijk,ijk->ij", piece.high, piece.high) / channels
    away = np.abs(np.arange(width) - (width - 1) / 2) / width
    costs += (_MIDDLE * away).astype(np.float32)
    return costs


def _seam_ramp(path: Path, width: int) -> Floats:
    """The share of the second picture's fine band, lines x width: from 0 to 1 across the path."""
    distance = np.arange(width) + 0.5 - path[:, None]
    share: Floats = np.clip(distance / (2 * FEATHER_PX) + 0.5, 0.0, 1.0).astype(np.float32)
    return share


def _blend(target: Floats, piece: _Piece, fade: Floats, hard: Floats, *, alpha: bool) -> None:
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
