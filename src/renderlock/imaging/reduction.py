"""Reducing a picture by a whole factor, exactly: each pixel is the mean of the square it stands for.

No kernel and no float is involved, so the result is the same on every machine. It is how a size below those a provider
renders is delivered from the picture that was bought.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels, colour_channels

_BAND_ROWS = 64
"""So many rows of the result are worked on at once."""


def reduce_by(pixels: Pixels, factor: int) -> Pixels:
    """The picture at a whole fraction of its sides; area mean of the stored sRGB levels, halves rounded up.

    `pixels` is H x W x 1..4, 8 bits, with sides that are multiples of `factor` (at least 1). With alpha, colours count
    as much as they are opaque. Raises `ValueError` for other sides.
    """
    height, width = pixels.shape[:2]
    if factor < 1 or height % factor or width % factor:
        raise ValueError(f"{width}x{height} is no multiple of {factor}")
    bands = (pixels[top : top + _BAND_ROWS * factor] for top in range(0, height, _BAND_ROWS * factor))
    return np.concatenate([_means(band, factor) for band in bands])


def _means(pixels: Pixels, factor: int) -> Pixels:
    height, width, channels = pixels.shape
    squares = pixels.reshape(height // factor, factor, width // factor, factor, channels)
    colours = colour_channels(channels)
    if colours == channels:
        return _quotient(squares.sum(axis=(1, 3), dtype=np.int64), factor**2)
    alpha = squares[..., colours:].astype(np.int64)
    opacity = alpha.sum(axis=(1, 3))
    colour = (squares[..., :colours] * alpha).sum(axis=(1, 3))
    return np.concatenate([_quotient(colour, np.maximum(opacity, 1)), _quotient(opacity, factor**2)], axis=2)


def _quotient(total: NDArray[np.int64], count: int | NDArray[np.int64]) -> Pixels:
    """The whole number next to `total / count`, halves up, in whole numbers throughout."""
    rounded: Pixels = ((2 * total + count) // (2 * count)).astype(np.uint8)
    return rounded
