"""Bicubic resampling along one axis, as a few weights for each line: the kernels of back-projection, stated once.

The kernel is Keys' cubic with a = -0.5. Down it is stretched by the factor, so that it is also the filter against
aliasing; up it interpolates. Pixel centres lie at half numbers, and weights are normalised at the borders. These are
the numbers of Pillow's `BICUBIC`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SUPPORT = 2.0
_A = -0.5


@dataclass(frozen=True)
class Taps:
    """Which input lines make each output line: `weights[i, k]` is what line `starts[i] + k` counts in output `i`.

    Lines past the last one have weight 0 and are not read.
    """

    length: int
    starts: NDArray[np.intp]
    weights: NDArray[np.float64]

    @property
    def ends(self) -> NDArray[np.intp]:
        """For each output line the first input line after those it needs."""
        ends: NDArray[np.intp] = np.minimum(self.starts + self.weights.shape[1], self.length)
        return ends

    def apply(self, lines: Floats, top: int, output: int) -> Floats:
        """One output line from input lines, of which `lines[0]` is the input's line `top`."""
        start, end = int(self.starts[output]), int(self.ends[output])
        weights = self.weights[output].astype(np.float32)
        total: Floats = lines[start - top] * weights[0]
        for step, line in enumerate(lines[start - top + 1 : end - top], 1):
            total += line * weights[step]
        return total

    def across(self, rows: Floats) -> Floats:
        """Every row of n x length x channels resampled along its second axis."""
        total = np.zeros((len(rows), len(self.starts), rows.shape[2]), np.float32)
        for step in range(self.weights.shape[1]):
            places = np.minimum(self.starts + step, self.length - 1)
            total += rows[:, places] * self.weights[:, step, None].astype(np.float32)
        return total


def resampling(length: int, output: int) -> Taps:
    """The taps that turn `length` lines into `output` lines."""
    scale = length / output
    stretch = max(scale, 1.0)
    reach = _SUPPORT * stretch
    centres = (np.arange(output) + 0.5) * scale
    starts = np.maximum((centres - reach + 0.5).astype(np.intp), 0)
    ends = np.minimum((centres + reach + 0.5).astype(np.intp), length)
    places = starts[:, None] + np.arange(int((ends - starts).max()))
    weights = _cubic((places + 0.5 - centres[:, None]) / stretch)
    weights[places >= ends[:, None]] = 0.0
    return Taps(length, starts, weights / weights.sum(axis=1, keepdims=True))


def chain(first: Taps, second: Taps) -> Taps:
    """The taps that do the same as `first` and then `second`."""
    places = np.minimum(second.starts[:, None] + np.arange(second.weights.shape[1]), second.length - 1)
    inner = first.starts[places]
    starts = inner.min(axis=1)
    reach = int((inner.max(axis=1) - starts).max()) + first.weights.shape[1]
    weights = np.zeros((len(starts), reach))
    lines = np.arange(len(starts))
    for outer in range(places.shape[1]):
        for step in range(first.weights.shape[1]):
            column = inner[:, outer] - starts + step
            np.add.at(weights, (lines, column), second.weights[:, outer] * first.weights[places[:, outer], step])
    return Taps(first.length, starts, weights)


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys, Cubic Convolution Interpolation (1981), equation 4 with a = -1/2."""
    x = np.abs(distance)
    near = ((_A + 2) * x - (_A + 3)) * x * x + 1
    far = _A * (((x - 5) * x + 8) * x - 4)
    return np.asarray(np.where(x < 1, near, np.where(x < 2, far, 0.0)))
