"""The seam along which two overlapping pictures differ least, by dynamic programming."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Costs = NDArray[np.float32]
Path = NDArray[np.intp]


def cheapest_path(costs: Costs) -> Path:
    """For each line of `costs` (length x width) a place, at most one apart from the last one's, of least total cost.

    Efros and Freeman, Image Quilting for Texture Synthesis and Transfer (2001), section 2.1. Ties go to the lower
    place, so the path is the same everywhere.
    """
    totals = _total_costs(costs)
    path = np.empty(len(costs), np.intp)
    place = int(totals[-1].argmin())
    path[-1] = place
    for line in range(len(costs) - 2, -1, -1):
        start = max(place - 1, 0)
        place = start + int(totals[line, start : place + 2].argmin())
        path[line] = place
    return path


def _total_costs(costs: Costs) -> Costs:
    """The cost of the cheapest way to each place from the first line."""
    length, width = costs.shape
    totals = np.empty_like(costs)
    padded = np.full(width + 2, np.inf, np.float32)
    best, left, right = padded[1:-1], padded[:-2], padded[2:]
    cheapest = np.empty(width, np.float32)
    best[:] = totals[0] = costs[0]
    for line in range(1, length):
        np.minimum(left, right, out=cheapest)
        np.minimum(cheapest, best, out=cheapest)
        np.add(cheapest, costs[line], out=totals[line])
        best[:] = totals[line]
    return totals
