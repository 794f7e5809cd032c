"""Keeping a tile's tone to that of its base, smoothly and without touching what the tile drew sharper.

A model drifts by a few levels within a tile, differently in each. Projecting the whole low band onto the base would
take that back, and with it the edges, which are soft in the base: they would ring. So each difference counts only up to
a few levels before it is averaged: a drift is taken back, an edge that moved hardly pulls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderlock.imaging.pixels import Pixels

MOST_DRIFT = 8.0
"""Levels up to which a difference counts, in one round."""

BLOCK_PX = 16
"""Drift is averaged over blocks of this side, and changes smoothly between them."""

ROUNDS = 2

LEVEL = 257
"""One 8-bit level in 16 bits."""

Floats = NDArray[np.float32]


def anchor(pixels: Pixels, base: Pixels) -> NDArray[np.uint16]:
    """H x W x 3 8-bit pixels in the tone of `base`, of the same shape, as 16 bits, so that nothing is rounded yet.

    Each round adds the smoothed difference to the base, clipped to `MOST_DRIFT` levels a pixel.
    """
    anchored = np.empty(pixels.shape, np.uint16)
    for channel in range(pixels.shape[2]):
        levels, wanted = (picture[:, :, channel].astype(np.float32) for picture in (pixels, base))
        for _ in range(ROUNDS):
            levels += smooth_field(np.clip(wanted - levels, -MOST_DRIFT, MOST_DRIFT))
        anchored[:, :, channel] = np.rint(np.clip(levels, 0, 255, out=levels) * np.float32(LEVEL))
    return anchored


def smooth_field(values: Floats) -> Floats:
    """The low band of H x W values: block means, smoothed over neighbours (1 2 1), bicubic between them."""
    height, width = values.shape
    means: Floats = np.asarray(Image.fromarray(values).reduce(BLOCK_PX))
    smoothed = _one_two_one(_one_two_one(means).T).T
    size = (smoothed.shape[1] * BLOCK_PX, smoothed.shape[0] * BLOCK_PX)
    field: Floats = np.asarray(Image.fromarray(np.ascontiguousarray(smoothed)).resize(size, Image.Resampling.BICUBIC))
    return field[:height, :width]


def _one_two_one(values: Floats) -> Floats:
    """Each row averaged with its neighbours, the middle counting double; rows at the rim are their own neighbours."""
    above, below = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    smoothed: Floats = (above + 2 * values + below) / np.float32(4)
    return smoothed
