"""Drawn pictures whose layout, colours and detail are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from renderlock.imaging.pixels import Pixels

Rgb = tuple[int, int, int]
Disc = Callable[[float, float, Rgb], Pixels]

_SIDE = 192
_GROUND = (232, 232, 232)
_RADIUS = 0.15


@pytest.fixture
def disc() -> Disc:
    """Draws a disc of 15% of the frame's side in radius, at shares of the frame, on light grey."""

    def draw(x: float, y: float, colour: Rgb) -> Pixels:
        picture = Image.new("RGB", (_SIDE * 4, _SIDE * 4), _GROUND)
        place, reach = (4 * _SIDE * x, 4 * _SIDE * y), 4 * _SIDE * _RADIUS
        corners = (place[0] - reach, place[1] - reach, place[0] + reach, place[1] + reach)
        ImageDraw.Draw(picture).ellipse(corners, fill=colour)
        return np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.BOX))

    return draw


@pytest.fixture
def grain() -> Callable[[Pixels, int], Pixels]:
    """Adds Gaussian noise of 12 steps, another for each seed."""

    def add(pixels: Pixels, seed: int) -> Pixels:
        noise = np.random.default_rng(seed).normal(0, 12, pixels.shape)
        return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)

    return add


@pytest.fixture
def scene() -> Pixels:
    """A picture with structure at all sizes: smooth noise in three octaves over a gradient, 160 x 192 x 3."""
    random = np.random.default_rng(7)
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8)).resize(
                (192, 160), Image.Resampling.BICUBIC
            )
        ).astype(np.float64)
        for side in (4, 12, 40)
    ]
    return np.rint(0.5 * layers[0] + 0.3 * layers[1] + 0.2 * layers[2]).astype(np.uint8)
