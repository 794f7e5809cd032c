"""How far two renders of one recipe agree: a level, its sameness, and the measures that led there.

The levels are those of `replay`. Their limits come from published same-seed comparisons and a ladder of edits
(`docs/metrics.md`); they sort re-renders, and say nothing about which picture is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.perceptual import (
    TiledDifference,
    mean_absolute_difference,
    pdq,
    pdq_distance,
    ssim,
    tiled_difference,
)
from renderlock.metrics.reduction import opaque

Sameness = Literal["exact", "equivalent", "drifted"]

SSIM_VISUALLY_THE_SAME = 0.98
MAE_VISUALLY_THE_SAME = 2.0
PDQ_VISUALLY_THE_SAME = 6
SSIM_THE_SAME_PICTURE = 0.75
PDQ_THE_SAME_PICTURE = 31
LOCAL_CHANGE = 5.0
"""CIEDE2000 over which a tile differs plainly, whatever the mean over the picture says."""

_GROUNDS = (0, 255)


class Level(StrEnum):
    """How far two renders agree, from the strongest down; only the caller, who has the files, can say `SAME_BYTES`."""

    SAME_BYTES = "same bytes"
    SAME_PIXELS = "same pixels"
    VISUALLY_THE_SAME = "visually the same"
    THE_SAME_PICTURE = "the same picture"
    ANOTHER_PICTURE = "another picture"

    @property
    def sameness(self) -> Sameness:
        """`exact` for the same bytes or pixels, `equivalent` for visually the same, else `drifted`."""
        if self in (Level.SAME_BYTES, Level.SAME_PIXELS):
            return "exact"
        return "equivalent" if self is Level.VISUALLY_THE_SAME else "drifted"


@dataclass(frozen=True)
class Measures:
    """What was measured between two pictures of one size.

    `ssim` in -1..1; `mae` in 8-bit steps; `pdq_bits` of 256, with the lower `pdq_quality` of the two; `pdq_counts` is
    False where that quality is too low for PDQ to be evidence either way; `tiles` in CIEDE2000.
    """

    ssim: float
    mae: float
    pdq_bits: int
    pdq_quality: int
    pdq_counts: bool
    tiles: TiledDifference


@dataclass(frozen=True)
class Agreement:
    """The level two pictures reach, the measures (None where sizes differ), and what else a person should know."""

    level: Level
    measures: Measures | None
    notes: tuple[str, ...] = ()

    @property
    def sameness(self) -> Sameness:
        """The one word `replay` reports."""
        return self.level.sameness


def compare(first: Pixels, second: Pixels) -> Agreement:
    """How far two H x W x 3|4 8-bit pictures agree.

    A picture without alpha counts as wholly opaque. Transparent ones are laid over black and over white, and the
    measures of the ground on which they agree less are kept. Pictures of different sizes are another picture.
    """
    if first.shape[:2] != second.shape[:2]:
        return Agreement(Level.ANOTHER_PICTURE, None, (_size_note(first, second),))
    same = np.array_equal(_with_alpha(first), _with_alpha(second))
    grounds = _GROUNDS if first.shape[2] == 4 or second.shape[2] == 4 else _GROUNDS[:1]
    measured = [_measure(opaque(first, ground), opaque(second, ground)) for ground in grounds]
    measures = min(measured, key=lambda found: (found.ssim, -found.mae))
    level = Level.SAME_PIXELS if same else _level_of(measures)
    return Agreement(level, measures, _notes(level, measures))


def _measure(first: Pixels, second: Pixels) -> Measures:
    one, other = pdq(first), pdq(second)
    return Measures(
        ssim=ssim(first, second),
        mae=mean_absolute_difference(first, second),
        pdq_bits=pdq_distance(one, other),
        pdq_quality=min(one.quality, other.quality),
        pdq_counts=one.usable and other.usable,
        tiles=tiled_difference(first, second),
    )


def _level_of(measures: Measures) -> Level:
    close = measures.ssim >= SSIM_VISUALLY_THE_SAME and measures.mae <= MAE_VISUALLY_THE_SAME
    if close and (not measures.pdq_counts or measures.pdq_bits <= PDQ_VISUALLY_THE_SAME):
        return Level.VISUALLY_THE_SAME
    matched = measures.pdq_counts and measures.pdq_bits <= PDQ_THE_SAME_PICTURE
    return Level.THE_SAME_PICTURE if matched or measures.ssim >= SSIM_THE_SAME_PICTURE else Level.ANOTHER_PICTURE


def _notes(level: Level, measures: Measures) -> tuple[str, ...]:
    notes = []
    if level.sameness == "exact":
        return ()
    if not measures.pdq_counts:
        notes.append(f"PDQ was left out: quality {measures.pdq_quality} of 100 is too low to be evidence.")
    if level is Level.VISUALLY_THE_SAME and measures.tiles.largest > LOCAL_CHANGE:
        notes.append(f"A small part differs plainly: ΔE2000 {measures.tiles.largest:.1f} in the worst 16 px tile.")
    return tuple(notes)


def _size_note(first: Pixels, second: Pixels) -> str:
    sizes = [f"{picture.shape[1]}x{picture.shape[0]}" for picture in (first, second)]
    return f"The sizes differ: {sizes[0]} and {sizes[1]}."


def _with_alpha(pixels: Pixels) -> Pixels:
    if pixels.shape[2] == 4:
        return pixels
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
