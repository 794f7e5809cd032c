"""A picture of what an upscaler invented and where, for people: the failing blocks framed, their measure written in."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.fidelity.judging import BLOCK_CELLS, Fidelity
from renderlock.metrics.fidelity.limits import FidelityLimits, shipped_limits
from renderlock.metrics.reduction import shrink_within

SHOWN_SIDE_PX = 1280
_RED = np.array([230.0, 30.0, 40.0])
_AMBER = np.array([250.0, 175.0, 30.0])
_NEAR = 0.7
"""Share of the limit from which a block is tinted."""


def draw_invented(result: Pixels, fidelity: Fidelity, limits: FidelityLimits | None = None) -> Pixels:
    """The result in grey, blocks near their limit tinted amber, failing ones red and framed; at most 1280 px a side.

    `result` is h x w x 3|4. A block at its limit is amber, at twice its limit wholly red.
    """
    shown = shrink_within(result, SHOWN_SIDE_PX)
    scale = shown.shape[1] / result.shape[1] * fidelity.scale * BLOCK_CELLS
    shares = fidelity.invented_by(shipped_limits() if limits is None else limits)
    grey = shown.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    rows, columns = (
        np.minimum((np.arange(length) / scale).astype(np.intp), count - 1)
        for length, count in zip(shown.shape[:2], shares.shape, strict=True)
    )
    share = shares[np.ix_(rows, columns)][..., None]
    tint = _AMBER + (_RED - _AMBER) * np.clip(share - 1, 0, 1)
    strength = np.where(share > 1, 0.45, np.where(share > _NEAR, 0.25, 0.0))
    mixed = grey[..., None] * (1 - strength) + tint * strength
    drawn = Image.fromarray(np.rint(mixed).astype(np.uint8))
    pen = ImageDraw.Draw(drawn)
    for row, column in np.argwhere(shares > 1.0):
        corners = (column * scale, row * scale, (column + 1) * scale - 1, (row + 1) * scale - 1)
        pen.rectangle(corners, outline=(230, 30, 40), width=2)
    return np.asarray(drawn)
