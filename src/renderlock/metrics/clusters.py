"""A few colours that stand for many, found the same way every time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 12


@dataclass(frozen=True)
class Clusters:
    """Up to k groups of colours, largest first.

    `centres` is k x 3, `shares` sum to 1, `spreads` is each group's root mean square distance from its centre.
    """

    centres: NDArray[np.float64]
    shares: NDArray[np.float64]
    spreads: NDArray[np.float64]


def cluster_colours(colours: NDArray[np.float64], count: int) -> Clusters:
    """At most `count` groups of N x 3 colours by k-means (Lloyd 1982); groups that stay empty are left out.

    It starts from the colour nearest the mean and then the farthest from those taken (Gonzalez 1985), so the result
    depends on the colours alone.
    """
    centres = _spread_out(colours, count)
    for _ in range(_ROUNDS):
        nearest = _nearest(colours, centres)
        moved = _means(colours, nearest, centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    nearest = _nearest(colours, centres)
    sizes = np.bincount(nearest, minlength=len(centres))
    order = [index for index in np.argsort(-sizes, kind="stable") if sizes[index]]
    apart = ((colours - centres[nearest]) ** 2).sum(axis=1)
    spreads = np.sqrt(np.bincount(nearest, weights=apart, minlength=len(centres)) / np.maximum(sizes, 1))
    return Clusters(centres[order], sizes[order] / len(colours), spreads[order])


def _spread_out(colours: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    start = int(((colours - colours.mean(axis=0)) ** 2).sum(axis=1).argmin())
    chosen = [start]
    reach = ((colours - colours[start]) ** 2).sum(axis=1)
    while len(chosen) < count and reach.max() > 0:
        chosen.append(int(reach.argmax()))
        reach = np.minimum(reach, ((colours - colours[chosen[-1]]) ** 2).sum(axis=1))
    return colours[chosen]


def _nearest(colours: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.intp]:
    scores = (centres**2).sum(axis=1) - 2 * colours @ centres.T
    nearest: NDArray[np.intp] = scores.argmin(axis=1)
    return nearest


def _means(
    colours: NDArray[np.float64], nearest: NDArray[np.intp], centres: NDArray[np.float64]
) -> NDArray[np.float64]:
    sizes = np.bincount(nearest, minlength=len(centres))
    sums = np.stack([np.bincount(nearest, weights=colours[:, axis], minlength=len(centres)) for axis in range(3)], 1)
    return np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
