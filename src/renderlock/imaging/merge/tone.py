"""One tone offset a tile and channel, solved so that neighbours agree where they overlap.

Least squares over all overlaps at once: each says how far its second tile lies above its first, weighted by its
pixels. Without a base the offsets have zero mean; with one, each tile is also drawn to what it lacks to the base,
weakly, so that overlaps decide what is seen at a seam and the base where the whole picture lies.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.merge.survey import Survey
from renderlock.imaging.tiles import Grid

ANCHOR = 0.05
"""How much a pixel of a tile says about the base, against a pixel of an overlap about the neighbour."""

_ITERATIONS = 500
_PRECISE = 1e-8

Levels = NDArray[np.float64]


def solve_offsets(grid: Grid, survey: Survey) -> Levels:
    """What to add to each tile, tiles x colour channels, in 8-bit levels."""
    count, channels = len(grid.tiles), survey.middles.shape[1] if survey.overlaps else 0
    if not survey.overlaps:
        return np.zeros((count, 0)) if survey.to_base is None else survey.to_base
    number = {tile: index for index, tile in enumerate(grid.tiles)}
    first = np.array([number[overlap.first] for overlap in survey.overlaps])
    second = np.array([number[overlap.second] for overlap in survey.overlaps])
    area = np.array([overlap.width * overlap.height for overlap in survey.overlaps], dtype=np.float64)
    area /= area.max()
    anchors = np.zeros((count, channels)) if survey.to_base is None else survey.to_base
    pull = 0.0 if survey.to_base is None else ANCHOR

    def apply(offsets: Levels) -> Levels:
        steps = area[:, None] * (offsets[second] - offsets[first])
        return _scatter(steps, second, count) - _scatter(steps, first, count) + pull * offsets

    wanted = -area[:, None] * survey.middles
    right = _scatter(wanted, second, count) - _scatter(wanted, first, count) + pull * anchors
    return _conjugate_gradients(apply, right)


def _scatter(values: Levels, places: NDArray[np.int_], count: int) -> Levels:
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, places, values)
    return sums


def _conjugate_gradients(apply: Callable[[Levels], Levels], right: Levels) -> Levels:
    """Solves `apply(x) = right` for a positive semidefinite `apply`, from zero, so without a part it cannot see."""
    found = np.zeros_like(right)
    rest, direction = right.copy(), right.copy()
    power = float((rest * rest).sum())
    enough = power * _PRECISE**2
    for _ in range(_ITERATIONS):
        if power <= enough or power == 0.0:
            break
        applied = apply(direction)
        step = power / float((direction * applied).sum())
        found += step * direction
        rest -= step * applied
        power, before = float((rest * rest).sum()), power
        direction = rest + power / before * direction
    return found
