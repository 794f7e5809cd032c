"""A photograph, small enough that every network is through with it at once."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from PIL import Image

from renderlock.imaging.pixels import Pixels


@pytest.fixture(scope="session")
def astronaut() -> Pixels:
    """The face of Eileen Collins (NASA, public domain), 192 x 192."""
    pixels: Pixels = np.ascontiguousarray(skimage.data.astronaut()[16:208, 128:320])
    return pixels


@pytest.fixture(scope="session")
def photo(astronaut: Pixels) -> Pixels:
    """It at half the size."""
    return np.asarray(Image.fromarray(astronaut).resize((96, 96), Image.Resampling.BICUBIC))
