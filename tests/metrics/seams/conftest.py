"""Photographs, tiles on them, and what a bad merge does to tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams import SeamLine

Photograph = Callable[[str], Pixels]
Lines = Callable[[Pixels, int, int], Sequence[SeamLine]]
Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Tiled = Callable[[Pixels, Change], Pixels]


@pytest.fixture(scope="session")
def photograph() -> Photograph:
    """A photograph of scikit-image's wheel by file name."""

    def read(name: str) -> Pixels:
        with resources.as_file(resources.files("skimage").joinpath("data", name)) as path, Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))

    return read


@pytest.fixture(scope="session")
def lines() -> Lines:
    """The borders of columns x rows equal tiles, one for each two neighbours."""

    def lay(pixels: Pixels, columns: int, rows: int) -> Sequence[SeamLine]:
        height, width = pixels.shape[:2]
        xs = [round(width * at / columns) for at in range(columns + 1)]
        ys = [round(height * at / rows) for at in range(rows + 1)]
        upright = [SeamLine("x", x, *ends) for x in xs[1:-1] for ends in pairwise(ys)]
        return upright + [SeamLine("y", y, *ends) for y in ys[1:-1] for ends in pairwise(xs)]

    return lay


@pytest.fixture(scope="session")
def tiled() -> Tiled:
    """Changes the upper right and the lower left quarter of a picture."""

    def make(pixels: Pixels, change: Change) -> Pixels:
        height, width = (length // 2 for length in pixels.shape[:2])
        changed = change(pixels.astype(np.float64))
        result = pixels.astype(np.float64)
        result[:height, width:] = changed[:height, width:]
        result[height:, :width] = changed[height:, :width]
        return np.clip(np.rint(result), 0, 255).astype(np.uint8)

    return make
