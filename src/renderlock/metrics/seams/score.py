"""The seam score: how far the borders the renderer knows stand out from the lines beside them.

1.0 is a picture no measure can tell from an untiled one. Each ratio is a geometric mean over the line, against control
lines in the same picture, so heavy edges of the subject do not decide; what natural pictures show is taken off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from renderlock.imaging.pixels import Raster
from renderlock.metrics.seams.families import CHANNELS, FAMILIES, Evidence, Family
from renderlock.metrics.seams.lines import SeamLine
from renderlock.metrics.seams.measure import LineMeasure, RegionReader, measure_line
from renderlock.metrics.seams.null import Extent, Null, Scope, shipped_null

FEWEST_POOLED = 4
"""Lines from which a picture has limits of its own; 2 x 2 tiles have as many."""


@dataclass(frozen=True)
class Ratio:
    """One family in one channel: the ratio to the control lines (1 is seamless), and what natural pictures reach.

    `most` is the null's quantile; for a notch, which may be a dip or a crest, the ratio and its inverse both count.
    """

    family: str
    channel: str
    value: float
    most: float

    @property
    def excess(self) -> float:
        """How far the ratio lies over what natural pictures show, never below 0."""
        reached = max(self.value, 1 / self.value) if self.family.startswith("notch") else self.value
        return max(0.0, reached - self.most)


@dataclass(frozen=True)
class LineScore:
    """One line's ratios; `value` is 1 plus the largest excess."""

    line: SeamLine
    ratios: tuple[Ratio, ...]

    @property
    def worst(self) -> Ratio | None:
        """The ratio with the largest excess; None where nothing could be measured."""
        return max(self.ratios, key=lambda ratio: ratio.excess, default=None)

    @property
    def value(self) -> float:
        """SEAM of this line: 1.0 where no ratio leaves what natural pictures show."""
        return 1.0 + (self.worst.excess if self.worst else 0.0)


@dataclass(frozen=True)
class SeamScore:
    """What was measured on all lines: each line, and the whole picture with its lines pooled.

    `unmeasured` lines are shorter than 16 pixels or have no room beside them for a control line.
    """

    lines: tuple[LineScore, ...]
    pooled: tuple[Ratio, ...]
    unmeasured: tuple[SeamLine, ...]

    @property
    def value(self) -> float:
        """SEAM: 1.0 for a natural picture in 99 of 100, more where a border shows."""
        return max([1.0, *(1.0 + ratio.excess for ratio in self.pooled), *(line.value for line in self.lines)])

    @property
    def worst(self) -> LineScore | None:
        """The line to repair first; None where no line could be measured."""
        return max(self.lines, key=_badness, default=None)

    @property
    def worst_ratio(self) -> Ratio | None:
        """What is wrong: the worst ratio of the worst line, or of all lines together where no single one shows."""
        alone = None if self.worst is None else self.worst.worst
        if alone is not None and alone.excess > 0:
            return alone
        return max(self.pooled, key=lambda ratio: ratio.excess, default=alone)

    def ratio(self, family: str, channel: str = "Y") -> float | None:
        """The pooled ratio of one family in one channel; None where it was not measured."""
        found = (one.value for one in self.pooled if (one.family, one.channel) == (family, channel))
        return next(found, None)


def score_seams(pixels: Raster, lines: Sequence[SeamLine], *, null: Null | None = None) -> SeamScore:
    """The seam score of H x W x 1..4 pixels of 8 or 16 bits on `lines` (`seams/score@1`).

    `null` is what natural pictures show; None takes the one that ships.
    """

    def read(left: int, top: int, width: int, height: int) -> Raster:
        return pixels[top : top + height, left : left + width]

    height, width = pixels.shape[:2]
    return score_regions(read, (width, height), lines, null=null)


def score_regions(
    read: RegionReader, size: tuple[int, int], lines: Sequence[SeamLine], *, null: Null | None = None
) -> SeamScore:
    """The same for a picture of `size` (width, height) that is read in strips beside its lines, a few MB at a time."""
    return pool_lines([measure_line(read, size, line, lines) for line in lines], null=null)


def pool_lines(measured: Sequence[LineMeasure], *, null: Null | None = None) -> SeamScore:
    """The score from what was measured line by line."""
    reference = shipped_null() if null is None else null
    sound = [one for one in measured if one.families]
    count = max(len(sound), 1)
    lines = tuple(
        LineScore(one.line, _ratios([one], reference.scope("line", one.segments, among=count))) for one in sound
    )
    pooled = _ratios(sound, reference.scope(pooled_extent(count), sum(one.segments for one in sound)))
    return SeamScore(lines, pooled, tuple(one.line for one in measured if not one.families))


def pooled_extent(lines: int) -> Extent:
    """What the lines of a picture are together: one line or two follow one contour and count as a single line."""
    return "picture" if lines >= FEWEST_POOLED else "line"


def pooled(measured: Sequence[LineMeasure], family: Family) -> Evidence | None:
    """One family's evidence over all lines; None where no line has it."""
    found = [one.families[family] for one in measured if family in one.families]
    return reduce(add, found) if found else None


def _ratios(measured: Sequence[LineMeasure], scope: Scope) -> tuple[Ratio, ...]:
    ratios = []
    for family in FAMILIES:
        evidence = pooled(measured, family)
        if evidence is None:
            continue
        for channel, statistic, scale in zip(CHANNELS, evidence.statistic, evidence.scale, strict=True):
            most = scope.most(family, channel) * scale
            ratios.append(Ratio(family.name, channel, math.exp(statistic * scale), math.exp(most)))
    return tuple(ratios)


def _badness(line: LineScore) -> tuple[float, float]:
    """By excess; among lines without any, by how near the limit the worst comes, so that there is always a worst."""
    return line.value, max((ratio.value / ratio.most for ratio in line.ratios), default=0.0)
