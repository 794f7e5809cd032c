"""What an upscaler gave before back-projection, scaled down as the rows come: what a gate judges it by."""

from __future__ import annotations

import numpy as np

from renderlock.imaging.pixels import Raster
from renderlock.imaging.resampling import Floats, resampling
from renderlock.spec.recipe import Size
from renderlock.upscalers.depth import STEP


class Seen:
    """Takes the rows of a result from the top; `pixels` is what `imaging.back_projection.down` gives of the whole,
    in 8-bit levels whatever the rows have.

    What waits is the rows that one row of the source reaches.
    """

    def __init__(self, target: Size, source: Size) -> None:
        self._across = resampling(target.width, source.width)
        self._down = resampling(target.height, source.height)
        self._lines: Floats = np.empty((0, source.width, 3), np.float32)
        self._top = 0
        self._done = 0
        self.pixels: Floats = np.zeros((source.height, source.width, 3), np.float32)

    def push(self, rows: Raster) -> None:
        """Takes the next rows, n x width x 3."""
        levels = rows.astype(np.float32) if rows.dtype == np.uint8 else rows.astype(np.float32) / np.float32(STEP)
        self._lines = np.concatenate([self._lines, self._across.across(levels)])
        bottom = self._top + len(self._lines)
        while self._done < len(self.pixels) and self._down.ends[self._done] <= bottom:
            self.pixels[self._done] = self._down.apply(self._lines, self._top, self._done)
            self._done += 1
        if self._done < len(self.pixels):
            first = int(self._down.starts[self._done])
            self._lines = self._lines[first - self._top :]
            self._top = first
