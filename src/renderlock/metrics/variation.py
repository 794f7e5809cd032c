"""One distance between variants that weighs layout and colour alike, to find the typical one and the odd one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

UNRELATED_LAYOUT = 0.5
"""The layout distance at which pictures have nothing in common (`layout/distance@1`)."""

UNRELATED_COLOUR = 20.0
"""CIEDE2000 between palettes from which colours count as wholly different."""


def variation_distances(layout: Matrix, palette: Matrix) -> Matrix:
    """N x N in 0..1 (`variation/typical@1`): mean of layout distance over 0.5 and palette CIEDE2000 over 20, cut at 1.

    The scales are fixed, so a set of near-identical pictures is not stretched until something seems to stand out.
    """
    far_apart = np.clip(layout / UNRELATED_LAYOUT, 0, 1)
    unlike = np.clip(palette / UNRELATED_COLOUR, 0, 1)
    return (far_apart + unlike) / 2
