"""Photographs made small, gentle and repainting enlargements of them, and a reader that reads what it is told."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage.filters import gaussian

from renderlock.imaging.pixels import Pixels

Source = Callable[[str], Pixels]
Enlarge = Callable[[Pixels, int], Pixels]


@pytest.fixture(scope="session")
def source() -> Source:
    """A photograph of scikit-image's wheel at half size, cut to 128 x 128 from its middle."""

    def read(name: str) -> Pixels:
        with resources.as_file(resources.files("skimage").joinpath("data", name)) as path, Image.open(path) as picture:
            small = picture.convert("RGB").resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
        left, top = (small.width - 128) // 2, (small.height - 128) // 2
        return np.asarray(small.crop((left, top, left + 128, top + 128)))

    return read


@pytest.fixture(scope="session")
def face() -> Pixels:
    """The astronaut's face, 128 x 128."""
    file = resources.files("skimage").joinpath("data", "astronaut.png")
    with resources.as_file(file) as path, Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").crop((150, 60, 278, 188)))


@pytest.fixture(scope="session")
def lanczos() -> Enlarge:
    """Interpolation, which invents nothing."""

    def enlarge(pixels: Pixels, factor: int) -> Pixels:
        size = (pixels.shape[1] * factor, pixels.shape[0] * factor)
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))

    return enlarge


@pytest.fixture(scope="session")
def repaint(lanczos: Enlarge) -> Enlarge:
    """What repainting networks do, by arithmetic: skin smoothed, contours hardened, tone pushed."""

    def enlarge(pixels: Pixels, factor: int) -> Pixels:
        plain = lanczos(pixels, factor).astype(np.float64)
        smooth: NDArray[np.float64] = gaussian(plain, 1.2 * factor, channel_axis=2, preserve_range=True)
        edges: NDArray[np.float64] = gaussian(plain, 0.6 * factor, channel_axis=2, preserve_range=True) - smooth
        painted = smooth + 2.5 * np.where(np.abs(edges) > 8, edges, 0)
        return np.clip(np.rint(128 + 1.04 * (painted - 128)), 0, 255).astype(np.uint8)

    return enlarge
