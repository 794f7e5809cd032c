"""What is known about a picture before it is composed: its digest, its colours, and a small form of it.

One pass over its rows, so that a picture of any size is looked at in little memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderlock.actions.composing_stream import BAND_PX
from renderlock.imaging.colour_match import ColourStatistics, StatisticsTaker
from renderlock.imaging.colour_reader import Picture
from renderlock.imaging.pixels import Pixels, PixelsDigest, Raster, high_bytes

_SMALL_PX = 512
"""Pictures are made smaller by whole blocks to a shorter side of 512 to 1023 pixels."""


@dataclass(frozen=True)
class Survey:
    """The digest of a picture's pixels, the statistics of its colours, and the picture made small, at 8 bits."""

    digest: str
    statistics: ColourStatistics
    small: Pixels


def survey(picture: Picture, *, bits: int = 8) -> Survey:
    """Looks at every row once, for a digest at that many bits; raises `InputUnusable` where the file is damaged."""
    digest = PixelsDigest(picture.width, picture.height, picture.channels, bits)
    statistics = StatisticsTaker(picture.width, picture.height)
    block = max(1, min(picture.width, picture.height) // _SMALL_PX)
    small, top = [], 0
    for band in picture.bands(max(1, BAND_PX // picture.width // block) * block):
        digest.update(high_bytes(band) if bits == 8 else band)
        statistics.take(band, top)
        small.append(_averaged(band, block))
        top += len(band)
    return Survey(digest.hexdigest(), statistics.statistics(), np.concatenate(small))


def _averaged(band: Raster, block: int) -> Pixels:
    """The means of whole blocks; rows and columns that fill none are left out."""
    if block == 1:
        return high_bytes(band)
    high, wide = band.shape[0] // block, band.shape[1] // block
    parts = high_bytes(band)[: high * block, : wide * block].reshape(high, block, wide, block, -1)
    means: Pixels = np.rint(parts.mean(axis=(1, 3))).astype(np.uint8)
    return means
