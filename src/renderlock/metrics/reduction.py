"""The one way a picture gets smaller before it is measured, and its colours in CIELAB.

Every metric reduces through `reduce_to`, so a change of the resize kernel is a change of this file and of
the version in each metric's name, never a silent shift of the numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab

from renderlock.imaging.pixels import Pixels

Lab = NDArray[np.float64]
"""... x 3 CIELAB, D65, L in 0..100."""

MIDDLE_GREY = 128


def opaque(pixels: Pixels, ground: int = MIDDLE_GREY) -> Pixels:
    """H x W x 3 pixels, any alpha laid over an even grey of value `ground` (0..255)."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.float64) / 255
    laid = pixels[..., :3] * alpha + ground * (1 - alpha)
    return np.rint(laid).astype(np.uint8)


def reduce_to(pixels: Pixels, width: int, height: int) -> Pixels:
    """H x W x 3 pixels as `height` x `width` x 3 by area averaging (box filter) of sRGB values.

    The whole frame is kept whatever its shape, so places stay shares of width and height. Alpha is laid over
    middle grey. A picture smaller than asked for is repeated pixel by pixel.
    """
    return np.asarray(Image.fromarray(opaque(pixels)).resize((width, height), Image.Resampling.BOX))


def shrink_within(pixels: Pixels, side: int) -> Pixels:
    """The picture with its longer side at most `side`, shape kept, by the same area averaging; never enlarged."""
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return opaque(pixels)
    scale = side / max(height, width)
    return reduce_to(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def to_lab(rgb: Pixels) -> Lab:
    """CIELAB (D65, 2 degrees) of ... x 3 8-bit sRGB values (IEC 61966-2-1, CIE 15)."""
    lab: Lab = rgb2lab(rgb)
    return lab
