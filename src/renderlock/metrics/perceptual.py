"""How alike two pictures look: SSIM, mean absolute difference, PDQ, and the worst places in tiles.

A mean over the picture hides a small part that changed altogether, so the tiled measure always stands beside it.
Colour pictures only; `agreement` lays transparent ones over a ground first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pdqhash
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.reduction import opaque, to_lab

SSIM_WINDOW = 11
TILE_PX = 16

PDQ_QUALITY_NEEDED = 50
"""PDQ's publishers advise to discard hashes of quality 49 and below: the picture has too little structure."""

_ROWS_AT_ONCE = 16 * TILE_PX


@dataclass(frozen=True)
class PdqHash:
    """A perceptual hash of 256 bits and its quality, 0 (flat picture) to 100."""

    bits: NDArray[np.bool_]
    quality: int

    @property
    def usable(self) -> bool:
        """Whether the picture has structure enough for the hash to mean something."""
        return self.quality >= PDQ_QUALITY_NEEDED


@dataclass(frozen=True)
class TiledDifference:
    """The mean CIEDE2000 of each 16 x 16 tile, as the 99th percentile over tiles and the largest."""

    p99: float
    largest: float


def ssim(first: Pixels, second: Pixels) -> float:
    """Structural similarity of two H x W x 3 pictures in -1..1, 1 for equal ones (`perceptual/ssim@1`).

    Wang, Bovik, Sheikh, Simoncelli 2004: Gaussian window, sigma 1.5, 11 pixels, biased covariance; the mean over R, G
    and B, so that a change of hue counts. Pictures under 11 pixels a side are continued by mirroring.
    """
    height, width = first.shape[:2]
    margin = ((0, max(0, SSIM_WINDOW - height)), (0, max(0, SSIM_WINDOW - width)), (0, 0))
    one, other = (np.pad(picture, margin, mode="symmetric") for picture in (first, second))
    return float(
        structural_similarity(
            one, other, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
        )
    )


def mean_absolute_difference(first: Pixels, second: Pixels) -> float:
    """Mean absolute difference of two H x W x 3 pictures in 8-bit steps, 0..255 (`perceptual/mae@1`)."""
    return float(np.abs(first.astype(np.int16) - second).mean())


def pdq(pixels: Pixels) -> PdqHash:
    """The PDQ hash of a picture (ThreatExchange, "The TMK+PDQF and PDQ hashing algorithms", 2019)."""
    bits, quality = pdqhash.compute(np.ascontiguousarray(opaque(pixels)))
    return PdqHash(bits.astype(np.bool_), int(quality))


def pdq_distance(first: PdqHash, second: PdqHash) -> int:
    """How many of 256 bits differ (`perceptual/pdq@1`): up to 31 is a match, unrelated pictures lie near 128."""
    return int(np.count_nonzero(first.bits ^ second.bits))


def tiled_difference(first: Pixels, second: Pixels) -> TiledDifference:
    """The worst places of two H x W x 3 pictures (`perceptual/tiles@1`), in CIEDE2000; tiles at the edge may be small.

    It works through strips of rows, so memory does not grow with the height.
    """
    strips = range(0, first.shape[0], _ROWS_AT_ONCE)
    tiles = np.concatenate(
        [_tile_means(first[top : top + _ROWS_AT_ONCE], second[top : top + _ROWS_AT_ONCE]) for top in strips]
    )
    return TiledDifference(p99=float(np.percentile(tiles, 99)), largest=float(tiles.max()))


def _tile_means(first: Pixels, second: Pixels) -> NDArray[np.float64]:
    apart = deltaE_ciede2000(to_lab(first), to_lab(second))
    rows, columns = (np.arange(0, side, TILE_PX) for side in apart.shape)
    sums = np.add.reduceat(np.add.reduceat(apart, rows, axis=0), columns, axis=1)
    heights, widths = (np.diff([*starts, side]) for starts, side in zip((rows, columns), apart.shape, strict=True))
    means: NDArray[np.float64] = (sums / np.outer(heights, widths)).ravel()
    return means
