"""8 and 16 bits: pictures as shares of white, as networks take them, and as 8 bits for those that take nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.resampling import Floats

Numbers = Floats | NDArray[np.uint8] | NDArray[np.uint16]

STEP = 257
"""16-bit levels to one of 8 bits: 255 becomes 65535."""


def largest_level(pixels: Raster) -> int:
    """White in the picture's bits: 255 or 65535."""
    return int(np.iinfo(pixels.dtype).max)


def kind_of(pixels: Raster) -> type[np.uint8 | np.uint16]:
    """The type of the picture's levels."""
    return np.uint8 if pixels.dtype == np.uint8 else np.uint16


def shares_of(pixels: Raster) -> Floats:
    """The values of a picture of any shape as float32 shares of white, 0 to 1."""
    return pixels.astype(np.float32) / np.float32(largest_level(pixels))


def levels_of(shares: Floats, like: Raster) -> Raster:
    """Shares of white, clipped and rounded, as levels of as many bits as the picture `like` has."""
    white = largest_level(like)
    return typed_as(like, np.rint(shares * np.float32(white)).clip(0, white))


def joined(parts: Sequence[Raster], axis: int = 0) -> Raster:
    """Parts of a picture, all of as many bits, side by side along an axis."""
    if parts[0].dtype == np.uint8:
        return np.concatenate(parts, axis=axis, dtype=np.uint8)
    return np.concatenate(parts, axis=axis, dtype=np.uint16)


def in_8_bits(pixels: Raster) -> Pixels:
    """The picture in 8 bits, rounded; one that has 8 is given as it is."""
    if pixels.dtype == np.uint8:
        same: Pixels = np.asanyarray(pixels, np.uint8)  # A memory map stays one.
        return same
    # In 16 bits half a step more would overflow near white.
    return (pixels // STEP + (pixels % STEP > STEP // 2)).astype(np.uint8)


def in_16_bits(pixels: Raster) -> Raster:
    """The picture in 16 bits, black and white being those of before."""
    return pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * np.uint16(STEP)


def typed_as(like: Raster, levels: Numbers) -> Raster:
    """Whole levels of any type as those of the picture `like`."""
    return levels.astype(np.uint8, copy=False) if like.dtype == np.uint8 else levels.astype(np.uint16, copy=False)
