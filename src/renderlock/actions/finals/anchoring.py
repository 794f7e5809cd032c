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
    levels, wanted = pixels.astype(np.float32), base.astype(np.float32)
    for _ in range(ROUNDS):
        levels += smooth_field(np.clip(wanted - levels, -MOST_DRIFT, MOST_DRIFT))
    return np.round(np.clip(levels, 0, 255) * LEVEL).astype(np.uint16)


def smooth_field(values: Floats) -> Floats:
    """The low band of H x W x C values: block means, smoothed over neighbours (1 2 1), bicubic between them."""
    height, width, channels = values.shape
    rows, columns = -(-height // BLOCK_PX), -(-width // BLOCK_PX)
    missing = (rows * BLOCK_PX - height, columns * BLOCK_PX - width)
    filled = np.pad(values, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    means = filled.reshape(rows, BLOCK_PX, columns, BLOCK_PX, channels).mean(axis=(1, 3))
    smoothed = _one_two_one(_one_two_one(means).transpose(1, 0, 2)).transpose(1, 0, 2)
    planes = [_enlarged(smoothed[:, :, channel]) for channel in range(channels)]
    return np.stack(planes, axis=2)[:height, :width]


def _one_two_one(values: Floats) -> Floats:
    """Each row averaged with its neighbours, the middle counting double; rows at the rim are their own neighbours."""
    above, below = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    smoothed: Floats = (above + 2 * values + below) / np.float32(4)
    return smoothed


def _enlarged(plane: Floats) -> Floats:
    height, width = plane.shape
    size = (width * BLOCK_PX, height * BLOCK_PX)
    enlarged: Floats = np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, Image.Resampling.BICUBIC))
    return enlarged
