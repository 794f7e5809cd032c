"""What is found about a merged final: whether its seams show, and whether it kept the composition of its base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from renderlock.actions.finals.limits import SHIPPED, Limits, with_limits
from renderlock.imaging.pixels import Pixels
from renderlock.metrics.composition import composition_verdict, kept_composition
from renderlock.metrics.seams import (
    OverlapMeasure,
    SeamLimits,
    SeamLine,
    SeamScore,
    draw_seams,
    overlap_verdict,
    score_seams,
    seam_verdict,
)
from renderlock.metrics.seams.overlaps import GATE as OVERLAP_GATE
from renderlock.spec.verdict import Verdict

SEAM_LIMITS = SeamLimits(seam=1.25)
"""Flat drawings reach 1.15 with no border to be seen, as next to nothing stands beside the line to compare it with;
tiles that are only cut and pasted reach 2.5 to 9 (docs/finals.md). A pipeline may ask for less."""

LEAST_LINE_PX = 128
"""Shorter borders are not judged: what lies along so few pixels is the subject's, not the border's."""

MOST_DRAWN_PX = 32 * 1024**2
"""Larger pictures are not drawn with their seams: that holds them whole in memory, several times."""

COMPARED_PX = 512
"""Compositions are compared on pictures of about this side: whatever is larger is averaged down to it in bands."""

_BAND_ROWS = 64


@dataclass(frozen=True)
class Judged:
    """The seam score and every verdict about a merged final, the seam gate's first.

    `small` is the final made smaller; `drawn` shows where, if a seam shows.
    """

    seams: SeamScore
    verdicts: tuple[Verdict, ...]
    small: Pixels
    drawn: Pixels | None = None

    @property
    def seam(self) -> Verdict:
        """The seam gate's verdict."""
        return self.verdicts[0]

    @property
    def agrees(self) -> bool:
        """Whether the tiles agree on what lies where."""
        return next(verdict.passed for verdict in self.verdicts if verdict.gate == OVERLAP_GATE)


@dataclass(frozen=True)
class Found:
    """A merged final as it is judged: H x W x 3 pixels, which may lie in a file, the lines where tiles meet, and how
    tiles differ where they overlap.
    """

    pixels: Pixels
    lines: Sequence[SeamLine]
    overlaps: Sequence[OverlapMeasure]


def judge_final(found: Found, base: Pixels, limits: Limits) -> Judged:
    """The judgement of a final on its seam lines, its tiles against each other, and the whole against its base."""
    pixels, lines = found.pixels, found.lines
    long = [line for line in lines if line.end - line.start >= LEAST_LINE_PX]
    score = score_seams(pixels, long)
    small = averaged(pixels)
    kept = kept_composition(averaged(base), small)
    seam = seam_verdict(score, SEAM_LIMITS)
    if len(long) < len(lines):
        skipped = f"Not judged: {len(lines) - len(long)} borders of fewer than {LEAST_LINE_PX} pixels"
        seam = replace(seam, notes=(*seam.notes, skipped))
    gates = (seam, tiles_verdict(found.overlaps), composition_verdict(kept))
    verdicts = tuple(with_limits(verdict, limits) for verdict in gates)
    shows = not verdicts[0].passed and pixels.shape[0] * pixels.shape[1] <= MOST_DRAWN_PX
    return Judged(score, verdicts, small, draw_seams(pixels, score) if shows else None)


def with_note(judged: Judged, gate: str, note: str) -> Judged:
    """The judgement with a note beside the verdict of one gate."""
    told = (replace(one, notes=(*one.notes, note)) if one.gate == gate else one for one in judged.verdicts)
    return replace(judged, verdicts=tuple(told))


def tiles_verdict(overlaps: Sequence[OverlapMeasure]) -> Verdict:
    """The verdict of the gate `overlap` on the tiles of a final, anchored as they are merged.

    Tone has no limit here, and so comes last: the merge takes it out. Where content lies otherwise, nothing does.
    """
    verdict = overlap_verdict(overlaps)
    limited = SHIPPED[verdict.gate]
    measures = (one if one.name in limited else replace(one, most=None) for one in verdict.measures)
    return replace(verdict, measures=tuple(sorted(measures, key=lambda one: one.most is None)))


def averaged(pixels: Pixels) -> Pixels:
    """The picture made smaller by whole blocks, so that its shorter side has 512 to 1023 pixels or stays as it is.

    Reads a band of rows at a time; rows and columns that fill no block are left out.
    """
    block = min(pixels.shape[:2]) // COMPARED_PX
    if block < 2:
        return np.asarray(pixels)
    height, width = pixels.shape[0] // block, pixels.shape[1] // block
    small = np.empty((height, width, pixels.shape[2]), np.uint8)
    at_once = max(1, _BAND_ROWS // block)
    for row in range(0, height, at_once):
        end = min(row + at_once, height)
        band = np.ascontiguousarray(pixels[row * block : end * block, : width * block])
        small[row:end] = np.asarray(Image.fromarray(band).reduce(block))
    return small
