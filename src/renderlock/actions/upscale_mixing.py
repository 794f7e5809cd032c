"""A picture in which the blocks that a gate refused come from a gentler upscaler.

Both pictures scale down to the same source, so a cross-fade between them is one of their high bands; a last
back-projection sees to it that this stays so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderlock.imaging.back_projection import BackProjector
from renderlock.imaging.dithering import quantise
from renderlock.imaging.merge.ports import PixelsBase
from renderlock.imaging.pixels import Pixels

Blocks = NDArray[np.bool_]
"""Rows x columns of square blocks of a result, from its upper left corner."""

BAND_ROWS = 256
_CELLS = 4
"""Cells a block is divided in; the fade is one of them wide."""


def mix_blocks(first: Pixels, gentler: Pixels, blocks: Blocks, source: Pixels, into: Pixels) -> Pixels:
    """Writes `first` with `blocks` from `gentler` into `into`, and gives that; three H x W x 3|4 arrays of 8 bits.

    The fade lies outside the blocks, a quarter of a block wide. `source` is the RGB picture that both were made from;
    alpha is that of `first`. Works a band at a time.
    """
    height, width = first.shape[:2]
    projector, done = BackProjector(width, height, PixelsBase(source)), 0
    weights = _cells(blocks)
    for top in range(0, height, BAND_ROWS):
        bottom = min(height, top + BAND_ROWS)
        share = _weights(weights, (width, height), top, bottom)
        mixed = first[top:bottom, :, :3].astype(np.float32)
        mixed += share[:, :, None] * (gentler[top:bottom, :, :3].astype(np.float32) - mixed)
        for rows in projector.push(mixed):
            into[done : done + len(rows), :, :3] = quantise(rows, done, np.uint8)
            into[done : done + len(rows), :, 3:] = first[done : done + len(rows), :, 3:]
            done += len(rows)
    return into


def _cells(blocks: Blocks) -> NDArray[np.float32]:
    """The blocks in cells, with one ring of cells more."""
    cells = np.kron(blocks, np.ones((_CELLS, _CELLS), bool))
    padded = np.pad(cells, 1)
    height, width = cells.shape
    ring = np.zeros_like(cells)
    for down in range(3):
        for across in range(3):
            ring |= padded[down : down + height, across : across + width]
    return ring.astype(np.float32)


def _weights(cells: NDArray[np.float32], size: tuple[int, int], top: int, bottom: int) -> NDArray[np.float32]:
    """Rows `top` to `bottom` of the share of the gentler picture, 0 to 1, between the centres of cells."""
    width, height = size
    scale = len(cells) / height
    box = (0.0, top * scale, float(cells.shape[1]), min(bottom * scale, float(len(cells))))
    rows = Image.fromarray(cells).resize((width, bottom - top), Image.Resampling.BILINEAR, box=box)
    return np.asarray(rows)
