"""A strip of pixels around a line, reduced to what the seam measures need: tone and detail, column by column.

The strip is cut in segments of 16 pixels along the line, each of which stands alone, so that a strip measured in parts
gives the same numbers as one measured whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderlock.metrics.seams.lines import CONTROL_SPACING_PX

SEGMENT_PX = 16
ENERGY_FLOOR = 0.5
"""Squared levels added to every energy: differences of rounding noise alone have about 0.5."""

_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)

Sums = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """S segments of a strip of W columns in 3 channels.

    Running sums over columns (S x (W + 1) x 3) of the mean tone and of the energy of detail; and, at lines before the
    columns `phase`, `phase` + 16, ... (S x C x 3), the energy of the third difference across and its correlation with
    the slope along the line.
    """

    tone_sums: Sums
    detail_sums: Sums
    breaks: Sums
    slides: Sums
    phase: int

    def tone(self, places: NDArray[np.intp], px: int) -> Sums:
        """S x P x 3 mean Y, Cb, Cr, in 8-bit levels, over the `px` columns from each place on."""
        return (self.tone_sums[:, places + px] - self.tone_sums[:, places]) / px

    def log_detail(self, places: NDArray[np.intp], px: int) -> Sums:
        """S x P x 3 log amplitudes of detail over the `px` columns from each place on."""
        energy = (self.detail_sums[:, places + px] - self.detail_sums[:, places]) / px
        return np.asarray(np.log(np.maximum(energy, 0) + ENERGY_FLOOR)) / 2

    def log_breaks(self, places: NDArray[np.intp]) -> Sums:
        """S x P x 3 log amplitudes of the third difference across lines before places that share the phase."""
        return np.asarray(np.log(self.breaks[:, self._lines_at(places)] + ENERGY_FLOOR)) / 2

    def slid(self, places: NDArray[np.intp]) -> Sums:
        """S x P x 3 correlations, -1 to 1, of the jump at lines before such places with the slope along them."""
        return np.asarray(self.slides[:, self._lines_at(places)])

    def _lines_at(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        return (places - self.phase) // CONTROL_SPACING_PX


def profile_of(strip: NDArray[np.float32], place: int) -> Profile:
    """The profile of an N x W x 3 strip whose line runs along its first axis before column `place`; N is 16 times S.

    Values are 8-bit levels. Tone is the mean over a segment. Detail is the squared second difference *along* the line,
    which no seam can raise by itself.
    """
    rows, width, _ = strip.shape
    count, phase = rows // SEGMENT_PX, place % CONTROL_SPACING_PX
    tone, detail = np.zeros((2, count, width + 1, 3))
    breaks, slides = np.zeros((2, count, len(range(phase, width, CONTROL_SPACING_PX)), 3))
    # A few segments at a time stay in the processor's cache.
    for first in range(0, count, _AT_ONCE):
        part = slice(first, min(first + _AT_ONCE, count))
        colours = strip[part.start * SEGMENT_PX : part.stop * SEGMENT_PX].reshape(-1, 3) @ _YCC.T
        segments = colours.reshape(-1, SEGMENT_PX, width, 3)
        tone[part, 1:] = segments.mean(axis=1)
        detail[part, 1:] = _energy(segments[:, 2:] - 2 * segments[:, 1:-1] + segments[:, :-2])
        breaks[part], slides[part] = _at_lines(segments, phase)
    return Profile(np.cumsum(tone, axis=1), np.cumsum(detail, axis=1), breaks, slides, phase)


_AT_ONCE = 4
_STILL = 0.25
"""Squared levels of jump and slope below which nothing follows anything."""


def _energy(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean square along the line."""
    return np.asarray((values * values).mean(axis=1))


def _at_lines(segments: NDArray[np.float32], phase: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The energy of third differences before every sixteenth column, and how they follow the slope along the line.

    Content that was displaced along the line jumps by the displacement times that slope, with the slope's sign all
    along; what texture jumps by has no part in it. Both are zero where the difference would leave the strip.
    """
    width = segments.shape[2]
    columns = np.arange(phase, width, CONTROL_SPACING_PX)
    far, near, here, next_ = (segments[:, :, np.clip(columns + at, 0, width - 1)] for at in (-2, -1, 0, 1))
    jump = np.asarray(0.5 * (far - next_) + 1.5 * (here - near), np.float32)
    energy = _energy(jump)
    both = near + here
    slope = np.asarray(0.25 * (both[:, 2:] - both[:, :-2]), np.float32)
    common = (jump[:, 1:-1] * slope).mean(axis=1)
    slides = common / np.sqrt((energy + _STILL) * (_energy(slope) + _STILL))
    outside = (columns < 2) | (columns > width - 2)
    energy[:, outside] = slides[:, outside] = 0
    return energy, slides
