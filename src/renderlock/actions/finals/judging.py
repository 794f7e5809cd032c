"""What is found about a merged final: whether its seams show, and whether it kept the composition of its base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams import SeamLine, SeamScore, score_seams, seam_verdict
from renderlock.spec.verdict import Verdict

Limits = Mapping[str, Mapping[str, object]]
"""The pipeline's own limits, by gate and measure."""


@dataclass(frozen=True)
class Judged:
    """The seam score and every verdict about a merged final, the seam gate's first."""

    seams: SeamScore
    verdicts: tuple[Verdict, ...]

    @property
    def seam(self) -> Verdict:
        """The seam gate's verdict."""
        return self.verdicts[0]


def judge_final(pixels: Pixels, base: Pixels, lines: Sequence[SeamLine], limits: Limits) -> Judged:
    """The judgement of H x W x 3 pixels on their seam lines; `limits` are the pipeline's own, by gate and measure."""
    score = score_seams(pixels, lines)
    return Judged(score, (with_limits(seam_verdict(score), limits),))


def with_limits(verdict: Verdict, limits: Limits) -> Verdict:
    """The verdict under the pipeline's limits for its gate."""
    wanted = limits.get(verdict.gate, {})
    return verdict.with_limits({name: float(limit) for name, limit in wanted.items() if isinstance(limit, int | float)})
