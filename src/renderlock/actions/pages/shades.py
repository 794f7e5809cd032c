"""The colour scale of maps and matrices: from paper to deep blue, readable by all eyes and in print."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_STOPS = np.array([(243, 241, 236), (188, 208, 228), (99, 149, 197), (29, 78, 137), (12, 34, 66)], dtype=np.float64)


def shade(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """... x 3 sRGB for values in 0..1 (cut there): 0 paper, 1 deep blue, lightness falling evenly."""
    places = np.linspace(0, 1, len(_STOPS))
    channels = [np.interp(values, places, _STOPS[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def smooth_shades(values: NDArray[np.float64], width: int, height: int) -> NDArray[np.uint8]:
    """`height` x `width` x 3 sRGB: a coarse map of 0..1 enlarged smoothly (bicubic) before it is shaded."""
    enlarged = Image.fromarray(values.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    return shade(np.asarray(enlarged, dtype=np.float64))


def readable_ink(value: float) -> tuple[int, int, int]:
    """The text colour, dark or light, that is readable on the shade of a value."""
    return (255, 255, 255) if value > 0.6 else (27, 27, 26)
