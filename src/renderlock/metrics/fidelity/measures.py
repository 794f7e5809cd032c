"""What is measured between a source and its enlargement, as maps of the source's size and as numbers.

Each map is a ratio to what the source itself gives reason for, so that one limit holds for skies and for hair. The
source is walked through in bands, so that only maps of one value a pixel are ever held whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from renderlock.imaging.pixels import Pixels
from renderlock.imaging.resampling import Floats
from renderlock.metrics.fidelity.cells import Cells
from renderlock.metrics.fidelity.windows import Map, bands_of, finest_energy, local_range, window_means
from renderlock.metrics.perceptual import SSIM_WINDOW, TILE_PX, ssim
from renderlock.metrics.reduction import opaque, to_lab

NOISE_LEVELS = 2.5
"""8-bit levels by which windows may differ however smooth the source: rounding, and dithering."""

STRANGE_PX = 4
"""Side of the windows of `strangeness`: small enough for an eye in a face."""

EDGE_LEVELS = 6.0
"""Contrast, in levels, that a cell may show more than one and a half times what the source shows around it."""

BAND_ROWS = 16 * TILE_PX

PERFECT_DB = 99.0
"""What stands for infinity where two pictures are equal."""


@dataclass(frozen=True)
class Consistency:
    """How well a result scaled down is its source.

    `psnr_db` over the whole picture; `worst_levels` the RMS difference of the worst 8 x 8 window, in levels;
    `strangeness` (H x W) the RMS difference of the 4 x 4 window around each pixel over the source's own finest detail
    there: kernels differ where there are edges, an object from nowhere does not need one.
    """

    psnr_db: float
    worst_levels: float
    strangeness: Map


def measure_consistency(source: Pixels, seen: Floats) -> Consistency:
    """The consistency of a source (H x W x 3|4) with what was seen of a result (H x W x 3, levels)."""
    strangeness, total, worst = np.empty(source.shape[:2], np.float32), 0.0, 0.0
    for band in bands_of(len(source)):
        colours = opaque(source[band.held]).astype(np.float32)
        squared = ((seen[band.held] - colours) ** 2).mean(axis=2)
        near, reason = window_means(squared, STRANGE_PX), finest_energy(colours) + NOISE_LEVELS**2
        strangeness[band.rows] = np.sqrt(near / reason)[band.inside]
        total += float(squared[band.inside].sum(dtype=np.float64))
        worst = max(worst, float(window_means(squared)[band.inside].max()))
    mean = total / strangeness.size
    psnr = 10 * math.log10(255**2 / mean) if mean > 0 else PERFECT_DB
    return Consistency(min(psnr, PERFECT_DB), math.sqrt(worst), strangeness)


def detail_ratio(source: Pixels, cells: Cells) -> Map:
    """H x W: amplitude of detail beyond interpolation, in the window around each pixel, over the source's finest.

    Natural pictures have about as much in each octave (Field 1987), so the source's own finest octave tells how much
    there is to add; 1 is as much again.
    """
    ratio = np.empty(source.shape[:2], np.float32)
    for band in bands_of(len(source)):
        reason = finest_energy(opaque(source[band.held]).astype(np.float32)) + NOISE_LEVELS**2
        ratio[band.rows] = np.sqrt(window_means(cells.added[band.held]) / reason)[band.inside]
    return ratio


def new_edges(source: Pixels, cells: Cells) -> Map:
    """H x W: how far contrast in the cells of the window exceeds what the 5 x 5 source pixels around them allow.

    Allowed is one and a half times their range and 6 levels more; 1 is twice what is allowed, on average.
    """
    new = np.empty(source.shape[:2], np.float32)
    for band in bands_of(len(source)):
        luma = opaque(source[band.held]).astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        allowed = 1.5 * local_range(luma, 5) + EDGE_LEVELS
        contrast = cells.high[band.held] - cells.low[band.held]
        new[band.rows] = window_means(np.maximum(contrast / allowed - 1, 0))[band.inside]
    return new


def colour_shift(source: Pixels, seen: Floats) -> NDArray[np.float64]:
    """CIEDE2000 between the mean colours of each 16 x 16 tile of the source; tiles at the edge may be smaller."""
    strips = []
    for top in range(0, len(source), BAND_ROWS):
        shown = _shown(seen[top : top + BAND_ROWS])
        first, second = (_tile_means(to_lab(one)) for one in (opaque(source[top : top + BAND_ROWS]), shown))
        strips.append(deltaE_ciede2000(first, second))
    return np.concatenate(strips)


def structural(source: Pixels, seen: Floats) -> float:
    """SSIM (`perceptual/ssim@1`) of the source and the result scaled down to it."""
    # A strip's SSIM is the mean of the rows whose windows lie within it: strips overlap by a window less one.
    rim, height = SSIM_WINDOW - 1, len(source)
    tops = range(0, max(1, height - rim - SSIM_WINDOW), BAND_ROWS)
    sums = []
    for top in tops:
        bottom = height if top == tops[-1] else top + BAND_ROWS + rim
        alike = ssim(opaque(source[top:bottom]), _shown(seen[top:bottom]))
        sums.append((alike, max(1, bottom - top - rim)))
    return sum(alike * rows for alike, rows in sums) / sum(rows for _, rows in sums)


def _shown(seen: Floats) -> Pixels:
    return np.clip(np.rint(seen), 0, 255).astype(np.uint8)


def _tile_means(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = (np.arange(0, length, TILE_PX) for length in lab.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(lab, rows, axis=0), columns, axis=1)
    areas = np.outer(np.diff([*rows, lab.shape[0]]), np.diff([*columns, lab.shape[1]]))
    means: NDArray[np.float64] = sums / areas[..., None]
    return means
