"""Set-wide colour consistency: one linear correction a picture, in OKLab, recorded as nine numbers and an offset.

The correction is a value that is applied on demand, so the picture it is for stays as it is. Linear
Monge-Kantorovich moves mean and covariance (Pitié, Kokaram 2007, eq. 9), Reinhard mean and spread of each axis alone
(Reinhard et al. 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.colour_spaces import (
    linear_from_oklab,
    linear_from_srgb,
    oklab_from_linear,
    oklab_from_srgb,
    srgb_from_linear,
    wide_srgb_from_linear,
)
from renderlock.imaging.pixels import Pixels, Raster, high_bytes

MatchMethod = Literal["monge-kantorovich", "reinhard"]
MATCH_METHOD: MatchMethod = "monge-kantorovich"
"""Where no other method is asked for: it also moves how colours vary together."""

_Matrix = NDArray[np.float64]
_SAMPLE_SIDE = 256
_FLOOR = 2e-5
"""Added to each variance (0.0045 squared, about one 8-bit level), so that a flat picture has an inverse."""
_MOST_GAIN = 2.5
"""How far a spread may be stretched, or pressed."""
_DECIMALS = 6
_BAND_PX = 1_000_000


@dataclass(frozen=True)
class ColourStatistics:
    """Mean (3) and covariance (3 x 3) of a picture's colours in OKLab, without fully transparent pixels."""

    mean: _Matrix
    covariance: _Matrix


@dataclass(frozen=True)
class Correction:
    """new = matrix x old + offset, on OKLab; `matrix` row by row, both rounded to six decimals."""

    method: MatchMethod
    matrix: tuple[float, ...]
    offset: tuple[float, ...]


class StatisticsTaker:
    """Takes the rows of one picture as they come, and gives its statistics at the end.

    They are of a regular grid of at most 512 x 512 pixels, H x W x 3|4.
    """

    def __init__(self, width: int, height: int) -> None:
        self._rows, self._columns = max(1, height // _SAMPLE_SIDE), max(1, width // _SAMPLE_SIDE)
        self._samples: list[Pixels] = []

    def take(self, rows: Raster, top: int) -> None:
        """Takes the rows from `top` on, of 8 or 16 bits; bits below the eighth do not count."""
        first = (self._rows // 2 - top) % self._rows
        sample = high_bytes(rows[first :: self._rows, self._columns // 2 :: self._columns])
        self._samples.append(sample.reshape(-1, rows.shape[2]).copy())

    def statistics(self) -> ColourStatistics:
        """Mean and covariance of what was taken."""
        sample = np.concatenate(self._samples)
        if sample.shape[1] == 4:
            visible = sample[sample[:, 3] > 0]
            sample = visible if len(visible) else sample
        lab = oklab_from_srgb(sample[:, :3]).astype(np.float64)
        mean = lab.mean(axis=0)
        return ColourStatistics(mean, (lab - mean).T @ (lab - mean) / len(lab))


def mean_statistics(of: Sequence[ColourStatistics]) -> ColourStatistics:
    """What a set has in common: the mean of the means, and of the covariances."""
    return ColourStatistics(np.mean([one.mean for one in of], axis=0), np.mean([one.covariance for one in of], axis=0))


def solve_correction(
    source: ColourStatistics, target: ColourStatistics, *, method: MatchMethod, amount: float = 1.0
) -> Correction:
    """The correction that takes a picture with `source` statistics to `target` ones; `amount` 0 leaves it, 1 is all."""
    gain = _monge_kantorovich(source, target) if method == "monge-kantorovich" else _reinhard(source, target)
    matrix = np.eye(3) + amount * (gain - np.eye(3))
    mean = source.mean + amount * (target.mean - source.mean)
    offset = mean - matrix @ source.mean
    return Correction(method, _rounded(matrix), _rounded(offset))


def apply_correction(pixels: Raster, correction: Correction) -> Raster:
    """The corrected picture; H x W x 3|4 sRGB of 8 or 16 bits, clipped to sRGB, alpha and the given pixels untouched.

    Each row is corrected by itself, so that bands of any height give what the whole picture gives.
    """
    matrix = np.array(correction.matrix, dtype=np.float32).reshape(3, 3)
    offset = np.array(correction.offset, dtype=np.float32)
    encode = srgb_from_linear if pixels.dtype == np.uint8 else wide_srgb_from_linear
    corrected = pixels.copy()
    rows = max(1, _BAND_PX // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        band = pixels[top : top + rows, :, :3]
        lab = oklab_from_linear(linear_from_srgb(band)) @ matrix.T + offset
        corrected[top : top + rows, :, :3] = encode(linear_from_oklab(lab))
    return corrected


def _monge_kantorovich(source: ColourStatistics, target: ColourStatistics) -> _Matrix:
    root = _power(source.covariance + _FLOOR * np.eye(3), 0.5)
    inverse = _power(source.covariance + _FLOOR * np.eye(3), -0.5)
    middle = _power(root @ (target.covariance + _FLOOR * np.eye(3)) @ root, 0.5)
    values, vectors = np.linalg.eigh(inverse @ middle @ inverse)
    limited: _Matrix = (vectors * values.clip(1 / _MOST_GAIN, _MOST_GAIN)) @ vectors.T
    return limited


def _reinhard(source: ColourStatistics, target: ColourStatistics) -> _Matrix:
    spreads = np.sqrt((np.diag(target.covariance) + _FLOOR) / (np.diag(source.covariance) + _FLOOR))
    return np.diag(spreads.clip(1 / _MOST_GAIN, _MOST_GAIN))


def _power(matrix: _Matrix, exponent: float) -> _Matrix:
    """A symmetric, positive matrix to a power."""
    values, vectors = np.linalg.eigh(matrix)
    powered: _Matrix = (vectors * values.clip(1e-12) ** exponent) @ vectors.T
    return powered


def _rounded(values: _Matrix) -> tuple[float, ...]:
    # + 0.0 turns -0.0 into 0.0, which is another text in canonical JSON.
    return tuple(round(float(value), _DECIMALS) + 0.0 for value in values.ravel())
