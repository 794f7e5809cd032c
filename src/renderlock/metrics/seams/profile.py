"""A strip of pixels around a line, reduced to what the seam measures need: tone and detail, column by column.

The strip is cut in segments of 16 pixels along the line, each of which stands alone, so that a strip measured in parts
gives the same numbers as one measured whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEGMENT_PX = 16
ENERGY_FLOOR = 0.5
"""Squared levels added to every energy: differences of rounding noise alone have about 0.5."""

_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)

Sums = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """S segments of a strip of W columns in 3 channels.

    Running sums over columns (S x (W + 1) x 3) of the mean tone and of the energy of detail, and the energy of the
    third difference across a line before each column (S x W x 3, zero where it would leave the strip).
    """

    tone_sums: Sums
    detail_sums: Sums
    breaks: NDArray[np.float32]

    def tone(self, places: NDArray[np.intp], px: int) -> Sums:
        """S x P x 3 mean Y, Cb, Cr, in 8-bit levels, over the `px` columns from each place on."""
        return (self.tone_sums[:, places + px] - self.tone_sums[:, places]) / px

    def log_detail(self, places: NDArray[np.intp], px: int) -> Sums:
        """S x P x 3 log amplitudes of detail over the `px` columns from each place on."""
        energy = (self.detail_sums[:, places + px] - self.detail_sums[:, places]) / px
        return np.asarray(np.log(np.maximum(energy, 0) + ENERGY_FLOOR)) / 2

    def log_breaks(self, places: NDArray[np.intp]) -> Sums:
        """S x P x 3 log amplitudes of the third difference across lines before each place."""
        return np.asarray(np.log(self.breaks[:, places].astype(np.float64) + ENERGY_FLOOR)) / 2


def profile_of(strip: NDArray[np.float32]) -> Profile:
    """The profile of an N x W x 3 strip whose line runs along its first axis; N is a multiple of 16.

    Values are 8-bit levels. Tone is the mean over a segment. Detail is the squared second difference *along*
    the line, which no seam can raise by itself.
    """
    rows, width, _ = strip.shape
    colours = strip.reshape(-1, 3) @ _YCC.T
    segments = colours.reshape(rows // SEGMENT_PX, SEGMENT_PX, width, 3)
    curved = segments[:, 2:] - 2 * segments[:, 1:-1] + segments[:, :-2]
    across = 0.5 * (segments[:, :, :-3] - segments[:, :, 3:]) + 1.5 * (segments[:, :, 2:-1] - segments[:, :, 1:-2])
    breaks = np.zeros((rows // SEGMENT_PX, width, 3), np.float32)
    breaks[:, 2:-1] = (across * across).mean(axis=1)
    return Profile(_running(segments.mean(axis=1)), _running((curved * curved).mean(axis=1)), breaks)


def _running(columns: NDArray[np.float32]) -> Sums:
    sums = np.zeros((columns.shape[0], columns.shape[1] + 1, columns.shape[2]))
    np.cumsum(columns, axis=1, dtype=np.float64, out=sums[:, 1:])
    return sums
