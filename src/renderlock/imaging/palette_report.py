"""How far a picture was from its palette, and how far the locked picture looks from it, in CIEDE2000.

Rows are taken as they come; only a regular grid of pixels and of small blocks is kept of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from renderlock.imaging.colour_spaces import linear_from_srgb, srgb_from_linear
from renderlock.imaging.palette import Palette
from renderlock.imaging.palette_lock import nearest_indices
from renderlock.imaging.pixels import Pixels

_SAMPLE_PX = 200_000
_MOST_BLOCKS = 128
"""Blocks that are compared along a side."""

_BLOCK_SIDE = 8
"""Side in pixels of the blocks whose means are compared, as dots of a pattern are seen together."""


@dataclass(frozen=True)
class PaletteReport:
    """What locking did to a picture.

    `share_in_palette` is the part of opaque pixels that had a palette colour already. `mean`, `p95` and `worst` are
    over opaque pixels, each against its nearest colour; `worst_colour` is the sRGB colour that is worst. `seen_mean`
    is between the means of 8 x 8 pixel blocks before and after, which is what dithering is for. `used` counts the
    palette's colours that occur.
    """

    share_in_palette: float
    mean: float
    p95: float
    worst: float
    worst_colour: tuple[int, int, int]
    seen_mean: float
    used: int


class PaletteReporter:
    """Takes the rows of one picture before and after, each from top to bottom, and reports at the end."""

    def __init__(self, palette: Palette, width: int, height: int) -> None:
        self._palette = palette
        self._step = max(1, int(np.ceil(np.sqrt(height * width / _SAMPLE_PX))))
        self._before, self._after = _Sample(width, height, self._step), _Sample(width, height, self._step)
        self._used = np.zeros(256, dtype=np.bool_)

    def take_before(self, rows: Pixels, top: int) -> None:
        """Takes rows of h x W x 3|4 8-bit sRGB."""
        self._before.take(rows[..., :3], top, lambda part: part)

    def take_after(self, indices: NDArray[np.uint8], top: int) -> None:
        """Takes h x W indices; one after the palette's last colour means that nothing is there."""
        self._used[np.unique(indices)] = True
        self._after.take(indices[..., None], top, self._shown)

    def report(self) -> PaletteReport:
        """What the grid says; from at most 200,000 pixels."""
        count = len(self._palette.colours)
        sample = self._before.pixels()[self._after.pixels()[..., 0] < count]
        if not len(sample):
            return PaletteReport(1.0, 0.0, 0.0, 0.0, (0, 0, 0), 0.0, 0)
        colours, counts = np.unique(sample, axis=0, return_counts=True)
        nearest = self._palette.rgb[nearest_indices(colours, self._palette)]
        distances = _delta_e(colours, nearest)
        order = distances.argsort()
        reached = np.searchsorted(np.cumsum(counts[order]), 0.95 * counts.sum())
        worst = int(distances.argmax())
        return PaletteReport(
            share_in_palette=float(counts[(colours == nearest).all(axis=1)].sum() / counts.sum()),
            mean=float(np.average(distances, weights=counts)),
            p95=float(distances[order[min(reached, len(order) - 1)]]),
            worst=float(distances[worst]),
            worst_colour=(int(colours[worst, 0]), int(colours[worst, 1]), int(colours[worst, 2])),
            seen_mean=self._seen_distance(),
            used=int(self._used[:count].sum()),
        )

    def _shown(self, indices: Pixels) -> Pixels:
        """The colours of indices, black where nothing is."""
        return np.concatenate([self._palette.rgb, np.zeros((1, 3), np.uint8)])[indices[..., 0]]

    def _seen_distance(self) -> float:
        """The mean CIEDE2000 between block means; alpha does not count."""
        before, after = self._before.means(), self._after.means()
        return float(_delta_e(before, after).mean()) if len(before) else 0.0


class _Sample:
    """A grid of pixels, and the means of a grid of blocks, out of rows that come in any bands."""

    def __init__(self, width: int, height: int, step: int) -> None:
        self._step = step
        self._block_rows = _block_places(height)
        self._block_columns = (_block_places(width)[:, None] * _BLOCK_SIDE + np.arange(_BLOCK_SIDE)).ravel()
        self._pixels: list[Pixels] = []
        self._lines: list[Pixels] = []
        self._means: list[Pixels] = []

    def take(self, rows: Pixels, top: int, shown: Callable[[Pixels], Pixels]) -> None:
        """Takes the rows from `top` on; `shown` gives the colours of some."""
        self._pixels.append(rows[-top % self._step :: self._step, :: self._step].copy())
        if not len(self._block_columns):
            return
        wanted = np.isin((top + np.arange(len(rows))) // _BLOCK_SIDE, self._block_rows)
        for line in np.flatnonzero(wanted):
            self._lines.append(shown(rows[line, self._block_columns]))
            if len(self._lines) == _BLOCK_SIDE:
                self._means.append(_block_means(np.stack(self._lines)))
                self._lines = []

    def pixels(self) -> Pixels:
        """The grid of pixels."""
        return np.concatenate(self._pixels)

    def means(self) -> Pixels:
        """The means of the blocks, one row of them after the other."""
        return np.stack(self._means) if self._means else np.empty((0, 0, 3), np.uint8)


def _block_places(side: int) -> NDArray[np.intp]:
    """Which blocks along a side are looked at, by their number."""
    count = side // _BLOCK_SIDE
    return np.unique(np.linspace(0, count - 1, _MOST_BLOCKS).astype(np.intp)) if count else np.empty(0, np.intp)


def _block_means(lines: Pixels) -> Pixels:
    """The means of a row of blocks, given as 8 lines of them, in linear light, as 8-bit sRGB."""
    linear = linear_from_srgb(lines).reshape(_BLOCK_SIDE, -1, _BLOCK_SIDE, 3)
    return srgb_from_linear(linear.mean(axis=(0, 2)))


def _delta_e(first: Pixels, second: Pixels) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = deltaE_ciede2000(rgb2lab(first), rgb2lab(second))
    return distances
