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

    `padded` is H x W x 4, 8 bits, as `padded_rgb` gives it. Bicubic (Keys 1981, a = -0.5) with the filter widened where
    the canvas is smaller.
    """

    padded: Pixels
    size: Size

    @classmethod
    def over(cls, picture: Pixels, size: Size) -> Canvas:
        """The canvas over any picture; alpha is laid on white."""
        return cls(padded_rgb(picture), size)

    @property
    def base(self) -> Pixels:
        """The picture, H x W x 3."""
        return self.padded[..., :3]

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
        return self._scaled(box, (tile.width, tile.height))

    def shown(self) -> Pixels:
        """The part of the base that the canvas shows, in the base's own resolution."""
        left, top, right, bottom = self.box
        size = (max(1, round(right - left)), max(1, round(bottom - top)))
        whole = size == (self.padded.shape[1], self.padded.shape[0])
        return self.base if whole else self._scaled(self.box, size)

    def _scaled(self, box: Box, size: tuple[int, int]) -> Pixels:
        height, width = self.padded.shape[:2]
        picture = Image.frombuffer("RGBX", (width, height), self.padded, "raw", "RGBX", 0, 1)
        scaled = np.asarray(picture.resize(size, Image.Resampling.BICUBIC, box=box))
        return np.ascontiguousarray(scaled[..., :3])

    @property
    def _scale(self) -> float:
        """Pixels of the canvas to one of the base."""
        height, width = self.base.shape[:2]
        wide, high = self.size.width / int(width), self.size.height / int(height)
        return max(wide, high)


def padded_rgb(picture: Pixels) -> Pixels:
    """H x W x 3|4 pixels as H x W x 4: RGB, alpha laid on white, and a byte that means nothing.

    Pillow looks at pixels in that form where they lie; those of three bytes it would copy for each tile.
    """
    height, width, channels = picture.shape
    padded = np.zeros((height, width, 4), np.uint8)
    padded[..., :3] = picture if channels == 3 else fit_to(picture, width, height)
    return padded
