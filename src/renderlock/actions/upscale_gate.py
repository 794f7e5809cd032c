"""The upscaler gate as an enlargement asks it: the measures of `metrics.fidelity` under a team's limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from renderlock.actions.upscaling import Judged
from renderlock.errors import MissingDependency, UnknownName
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.resampling import Floats
from renderlock.metrics.fidelity import FidelityLimits, draw_invented, fidelity_verdict, judge_upscale, shipped_limits
from renderlock.metrics.text_reader import TextReader, late_reader
from renderlock.spec.canonical import canonical_sha256

METRIC = "fidelity/judge@1"
TEXT_LIMIT = "text_changed"
_BEFORE = "before_"


@dataclass(frozen=True)
class FidelityGate:
    """Judges by limits; reads texts where there is a reader."""

    limits: FidelityLimits
    reader: TextReader | None = None

    @property
    def name(self) -> str:
        """The metric, the limits by their hash, and whether texts are read."""
        limits = {stage: dict(values) for stage, values in self.limits.by_stage.items()}
        hashed = canonical_sha256({"limits": limits, TEXT_LIMIT: self.limits.most_text_changed})[:12]
        return f"{METRIC} {hashed} {'text' if self.reader is not None else 'no-text'}"

    def judge(self, source: Pixels, result: Pixels, seen: Floats | None = None) -> Judged:
        """The verdict, and the map of what was invented."""
        fidelity = judge_upscale(source, result, readers=self.reader, seen=seen)
        return Judged(
            verdict=fidelity_verdict(fidelity, self.limits),
            suspect=fidelity.suspect_by(self.limits),
            invented=fidelity.invented_by(self.limits),
            draw=partial(draw_invented, fidelity=fidelity, limits=self.limits),
        )


def open_gate(limits: Mapping[str, float] | None = None, *, reads_text: bool = True) -> FidelityGate:
    """The gate under the shipped limits, a team's own in their place; without the extra `text` no text is read.

    Raises `UnknownName` for a limit the gate does not have.
    """
    try:
        reader = late_reader() if reads_text else None
    except MissingDependency:
        reader = None
    return FidelityGate(limits_with(shipped_limits(), limits or {}), reader)


def limits_with(limits: FidelityLimits, own: Mapping[str, float]) -> FidelityLimits:
    """The limits with a team's own, by the names that a verdict shows: `detail`, `before_strangeness`."""
    known = {name for stage in limits.by_stage.values() for name in stage}
    names = {TEXT_LIMIT} | known | {_BEFORE + name for name in limits.by_stage["before"]}
    for name in own:
        if name not in names:
            raise UnknownName(kind="limit of the upscaler gate", name=name, known=", ".join(sorted(names)))
    by_stage = {
        stage: {name: own.get(_BEFORE + name if stage == "before" else name, limit) for name, limit in values.items()}
        for stage, values in limits.by_stage.items()
    }
    text = own.get(TEXT_LIMIT, limits.most_text_changed)
    return replace(limits, by_stage=by_stage, most_text_changed=text)
