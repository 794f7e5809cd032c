"""Colour spaces that palettes and colour matching work in: linear light and OKLab, from sRGB of 8 or 16 bits.

Linear light is that of IEC 61966-2-1, OKLab is Björn Ottosson's (2020). All in 32-bit floats, which tell the colours
apart and halve the memory of large canvases.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Raster

Floats = NDArray[np.float32]

_CONE_FROM_LINEAR = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_LAB_FROM_CONE = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_CONE_FROM_LAB = np.linalg.inv(_LAB_FROM_CONE.astype(np.float64)).astype(np.float32)
_LINEAR_FROM_CONE = np.linalg.inv(_CONE_FROM_LINEAR.astype(np.float64)).astype(np.float32)


@lru_cache(maxsize=2)
def _linear_of_level(largest: int) -> Floats:
    """Linear light, 0 to 1, of each sRGB level from 0 to the largest."""
    levels = np.arange(largest + 1) / largest
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear_from_srgb(rgb: Raster) -> Floats:
    """Linear light, 0 to 1, of 8 or 16-bit sRGB values of any shape."""
    return _linear_of_level(int(np.iinfo(rgb.dtype).max))[rgb]


def srgb_from_linear(linear: Floats) -> NDArray[np.uint8]:
    """8-bit sRGB of linear light of any shape, rounded; what lies outside 0 to 1 is clipped."""
    return np.rint(_encoded(linear) * 255).astype(np.uint8)


def wide_srgb_from_linear(linear: Floats) -> NDArray[np.uint16]:
    """16-bit sRGB of linear light of any shape, rounded; what lies outside 0 to 1 is clipped."""
    return np.rint(_encoded(linear) * 65535).astype(np.uint16)


def _encoded(linear: Floats) -> Floats:
    inside = np.clip(linear, 0, 1)
    return np.where(inside <= 0.0031308, inside * 12.92, 1.055 * inside ** np.float32(1 / 2.4) - 0.055)


def oklab_from_linear(linear: Floats) -> Floats:
    """OKLab (L 0 to 1) of ... x 3 linear light."""
    lab: Floats = np.cbrt(linear @ _CONE_FROM_LINEAR.T) @ _LAB_FROM_CONE.T
    return lab


def linear_from_oklab(lab: Floats) -> Floats:
    """Linear light of ... x 3 OKLab; outside 0 to 1 where sRGB does not have the colour."""
    cone: Floats = lab @ _CONE_FROM_LAB.T
    linear: Floats = np.matmul(cone * cone * cone, _LINEAR_FROM_CONE.T)
    return linear


def oklab_from_srgb(rgb: NDArray[np.uint8]) -> Floats:
    """OKLab (L 0 to 1) of ... x 3 8-bit sRGB."""
    return oklab_from_linear(linear_from_srgb(rgb))
