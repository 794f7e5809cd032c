"""The base of a tiled final at the final's size, of which only the parts that are looked at are ever computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from renderlock.imaging.pixels import Pixels, fit_to
from renderlock.imaging.tiles import Tile
from renderlock.spec.recipe import Size

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Canvas:
    """A picture scaled to cover a canvas and cut to it from the centre, as `fit_to` does, in any part of it.

    `base` is H x W x 3, 8 bits. Bicubic (Keys 1981, a = -0.5) with the filter widened where the canvas is smaller.
    """

    base: Pixels
    size: Size

    @classmethod
    def over(cls, picture: Pixels, size: Size) -> Canvas:
        """The canvas over any picture; alpha is laid on white."""
        height, width, channels = picture.shape
        return cls(picture if channels == 3 else fit_to(picture, width, height), size)

    @property
    def box(self) -> Box:
        """The part of the base that the canvas shows: left, top, right, bottom in its pixels."""
        height, width = self.base.shape[:2]
        shown_width, shown_height = self.size.width / self._scale, self.size.height / self._scale
        left, top = (width - shown_width) / 2, (height - shown_height) / 2
        return left, top, min(width, left + shown_width), min(height, top + shown_height)

    def cut(self, tile: Tile) -> Pixels:
        """The canvas within a tile: the same pixels whatever is cut beside it."""
        left, top, _, _ = self.box
        height, width = self.base.shape[:2]
        box = (
            max(0.0, left + tile.left / self._scale),
            max(0.0, top + tile.top / self._scale),
            min(float(width), left + tile.right / self._scale),
            min(float(height), top + tile.bottom / self._scale),
        )
        scaled = Image.fromarray(self.base).resize((tile.width, tile.height), Image.Resampling.BICUBIC, box=box)
        return np.asarray(scaled)

    @property
    def _scale(self) -> float:
        """Pixels of the canvas to one of the base."""
        height, width = self.base.shape[:2]
        wide, high = self.size.width / int(width), self.size.height / int(height)
        return max(wide, high)
