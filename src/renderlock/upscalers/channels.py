"""Alpha and grey brought to the RGB that networks take, and back.

Under full transparency a file may hold any colour, and a network would paint it over the edge of what is seen. So the
seen colours are spread outwards first. A grey picture stays exactly grey.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Raster
from renderlock.upscalers.depth import joined, typed_as

SPREAD_PX = 8
"""How far seen colours are spread; further out is black."""


@dataclass(frozen=True)
class Layers:
    """A picture as RGB and alpha; `alpha` (H x W x 1) is None where there is none, `grey` says that R = G = B."""

    colour: Raster
    alpha: Raster | None
    grey: bool


def split_layers(pixels: Raster) -> Layers:
    """The layers of a picture of H x W x 1 (grey), 3 or 4 channels."""
    if pixels.shape[2] == 1:
        return Layers(joined([pixels] * 3, axis=2), None, grey=True)
    colour = pixels if pixels.shape[2] == 3 else pixels[:, :, :3].copy()
    grey = bool((colour[:, :, :1] == colour[:, :, 1:]).all())
    if pixels.shape[2] == 3:
        return Layers(colour, None, grey=grey)
    alpha = pixels[:, :, 3:].copy()
    return Layers(_spread(colour, alpha[:, :, 0] > 0), alpha, grey=grey)


def join_layers(colour: Raster, alpha: Raster | None, *, grey: bool, channels: int) -> Raster:
    """Rows of a result with as many channels as the source had; a grey one gets the mean of its three channels."""
    if grey:
        level = typed_as(colour, np.rint(colour.mean(axis=2, keepdims=True, dtype=np.float32)))
        colour = level if channels == 1 else joined([level] * 3, axis=2)
    return colour if alpha is None else joined([colour, alpha], axis=2)


def _spread(colour: Raster, seen: NDArray[np.bool_]) -> Raster:
    """The colours with those of unseen pixels replaced by the mean of seen neighbours, ring after ring."""
    if seen.all():
        return colour
    known = seen.copy()
    values = np.where(known[:, :, None], colour, 0).astype(np.float32)
    for _ in range(SPREAD_PX):
        count = _around(known.astype(np.float32))
        reached = ~known & (count > 0)
        if not reached.any():
            break
        total = _around(values)
        values[reached] = np.rint(total[reached] / count[reached][:, None])
        known |= reached
    return typed_as(colour, values)


def _around(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum of each pixel and its eight neighbours."""
    rim = [(1, 1), (1, 1), *[(0, 0)] * (plane.ndim - 2)]
    padded = np.pad(plane, rim)
    height, width = plane.shape[:2]
    total = np.zeros_like(plane)
    for down in range(3):
        for across in range(3):
            total += padded[down : down + height, across : across + width]
    return total
