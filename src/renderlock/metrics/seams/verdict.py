"""The seam gate: whether a merged picture shows its borders."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.metrics.seams.lines import describe
from renderlock.metrics.seams.score import SeamScore
from renderlock.spec.verdict import Measure, Verdict

GATE = "seam"


@dataclass(frozen=True)
class SeamLimits:
    """`seam` is the most SEAM may reach: 1.0 fails 1 % of natural pictures, more lets faint borders pass."""

    seam: float = 1.0


LIMITS = SeamLimits()


def seam_verdict(score: SeamScore, limits: SeamLimits = LIMITS) -> Verdict:
    """The verdict of the gate `seam`, with the worst line named and the ratios that led there as measures."""
    measures = [Measure("seam", score.value, _what(score), most=limits.seam)]
    measures += [
        Measure(f"{ratio.family}-{ratio.channel.lower()}", ratio.value, f"natural pictures stay below {ratio.most:.3g}")
        for ratio in score.pooled
        if ratio.channel == "Y"
    ]
    notes = [f"Not measured, too short or no room beside it: {describe(line)}" for line in score.unmeasured]
    return Verdict(GATE, tuple(measures), tuple(notes))


def _what(score: SeamScore) -> str:
    ratio = score.worst_ratio
    if score.worst is None or ratio is None:
        return "no border could be measured" if score.unmeasured else "there are no borders"
    if score.value <= 1.0:
        return f"no border shows; nearest to it: {describe(score.worst.line)}"
    what = f"{ratio.family} in {ratio.channel} is {ratio.value:.2f} times its surroundings"
    return f"{what}; worst: {describe(score.worst.line)}"
