"""The few statistics the reports need: over pairs of pictures, and over pictures against the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class PairSpread:
    """How far N things lie apart, over all pairs: the mean, the largest, and how sure the mean is.

    `standard_error` is None below three things, where nothing can be said about it.
    """

    mean: float
    largest: float
    standard_error: float | None


def spread_over_pairs(distances: Matrix) -> PairSpread:
    """The spread of an N x N distance matrix with zero diagonal; all zero for N < 2.

    The standard error leaves out one thing at a time (jackknife, Efron 1979), which respects that pairs share things;
    it is about right from ten things on and rough below.
    """
    count = len(distances)
    if count < 2:
        return PairSpread(0.0, 0.0, None)
    total = float(distances.sum())
    mean = total / (count * (count - 1))
    largest = float(distances.max())
    if count < 3:
        return PairSpread(mean, largest, None)
    without = (total - 2 * distances.sum(axis=1)) / ((count - 1) * (count - 2))
    error = float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum()))
    return PairSpread(mean, largest, error)


def distances_to_rest(distances: Matrix) -> NDArray[np.float64]:
    """N mean distances, each of one thing to all others; zeros for N < 2."""
    means: NDArray[np.float64] = distances.sum(axis=1) / max(len(distances) - 1, 1)
    return means


def most_typical(distances: Matrix) -> int:
    """The position of the medoid: the thing nearest to all others; the first of several alike."""
    return int(distances.sum(axis=1).argmin())


def farthest(distances: Matrix) -> int | None:
    """The position of the thing farthest from all others; None below three, or where all lie at one place."""
    if len(distances) < 3 or not distances.any():
        return None
    return int(distances.sum(axis=1).argmax())


def stands_out(values: NDArray[np.float64], position: int) -> bool:
    """Whether one of N values lies far above the others: over the median of the rest plus 3.5 scaled deviations.

    The deviation is 1.4826 times the median absolute deviation of the rest (Iglewicz, Hoaglin 1993), and at least a
    tenth of their median, so that very even values do not make outliers of nothing. Never below five values.
    """
    if len(values) < 5:
        return False
    rest = np.delete(values, position)
    middle = float(np.median(rest))
    deviation = max(1.4826 * float(np.median(np.abs(rest - middle))), 0.1 * middle)
    return bool(values[position] > middle + 3.5 * deviation)


def groups_of(count: int, pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, ...], ...]:
    """The groups of two or more that chains of pairs tie together, each sorted, in order of their first member."""
    group = list(range(count))
    for first, second in pairs:
        kept, dropped = sorted((group[first], group[second]))
        group = [kept if member == dropped else member for member in group]
    together = [tuple(at for at in range(count) if group[at] == name) for name in sorted(set(group))]
    return tuple(members for members in together if len(members) > 1)


def euclidean_distances(points: NDArray[np.float64]) -> Matrix:
    """N x N straight-line distances of N x D points."""
    distances: Matrix = np.linalg.norm(points[:, None, :] - points[None, :, :], axis=-1)
    return distances
