"""A picture in which the blocks that a gate refused come from a gentler upscaler.

Both pictures scale down to the same source, so a cross-fade between them is one of their high bands; a last
back-projection sees to it that this stays so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderlock.imaging.back_projection import BackProjector, PixelsBase
from renderlock.imaging.dithering import quantise
from renderlock.imaging.pixels import Raster
from renderlock.imaging.resampling import Floats
from renderlock.metrics.fidelity.judging import BLOCK_CELLS
from renderlock.spec.recipe import Size
from renderlock.upscalers.depth import kind_of

Blocks = NDArray[np.bool_]
"""Rows x columns of square blocks of `BLOCK_CELLS` source pixels a side, from the upper left corner."""

BAND_ROWS = 256
_CELLS = 4
"""Cells a block is divided in; the fade is one of them wide."""

_CELL_PX = BLOCK_CELLS / _CELLS


def mix_blocks(first: Raster, gentler: Raster, blocks: Blocks, source: Raster, into: Raster) -> Raster:
    """Writes `first` with `blocks` from `gentler` into `into`, and gives that; three h x w x 3|4 arrays of 8
    or of 16 bits.

    The fade lies outside the blocks, a quarter of a block wide. `source` (H x W x 3) is the picture that both were
    made from; alpha is that of `first`. Works a band at a time.
    """
    height, width = first.shape[:2]
    projector, done = BackProjector(width, height, PixelsBase(source)), 0
    kind = kind_of(first)
    weights = Weights(blocks, Size(source.shape[1], source.shape[0]))
    for top in range(0, height, BAND_ROWS):
        bottom = min(height, top + BAND_ROWS)
        share = weights.rows(Size(width, height), top, bottom)
        mixed = first[top:bottom, :, :3].astype(np.float32)
        mixed += share * (gentler[top:bottom, :, :3].astype(np.float32) - mixed)
        for rows in projector.push(mixed, kind):
            into[done : done + len(rows), :, :3] = quantise(rows, done, kind)
            into[done : done + len(rows), :, 3:] = first[done : done + len(rows), :, 3:]
            done += len(rows)
    return into


def mix_seen(first: Floats, gentler: Floats, blocks: Blocks) -> Floats:
    """What was seen of two results at the source's size (H x W x 3), mixed as the results are."""
    size = Size(first.shape[1], first.shape[0])
    share = Weights(blocks, size).rows(size, 0, size.height)
    return first + share * (gentler - first)


class Weights:
    """The share of the gentler picture at each place, 0 to 1, at any size of the picture."""

    def __init__(self, blocks: Blocks, source: Size) -> None:
        cells = np.kron(blocks, np.ones((_CELLS, _CELLS), bool))
        padded = np.pad(cells, 1)
        height, width = cells.shape
        ring = np.zeros_like(cells)
        for down in range(3):
            for across in range(3):
                ring |= padded[down : down + height, across : across + width]
        self._picture = Image.fromarray(ring.astype(np.float32))
        # Blocks at the right and lower edge may reach beyond the picture.
        self._reach = source.width / _CELL_PX, source.height / _CELL_PX

    def rows(self, size: Size, top: int, bottom: int) -> Floats:
        """Rows `top` to `bottom` of the picture at `size`, n x width x 1."""
        across, down = self._reach
        box = (0.0, top * down / size.height, across, bottom * down / size.height)
        rows = self._picture.resize((size.width, bottom - top), Image.Resampling.BILINEAR, box=box)
        return np.asarray(rows)[:, :, None]
