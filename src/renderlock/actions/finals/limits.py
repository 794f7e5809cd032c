"""The pipeline's own limits for gates, laid over those that the gates ship with."""

from __future__ import annotations

from collections.abc import Mapping

from renderlock.spec.verdict import Verdict

Limits = Mapping[str, Mapping[str, object]]
"""The pipeline's own limits, by gate and measure."""

SHIPPED: Mapping[str, Mapping[str, float]] = {
    "seam": {"seam": 1.25},
    "overlap": {"coarse_levels": 6.0, "blur": 1.75, "shift_px": 0.2},
    "composition": {"kept": 0.6, "ssim": 0.8},
}
"""The limits of the gates that every merged final passes, as they ship: those a verdict falls back to where a pipeline
no longer sets its own. Here as data, as measuring takes libraries that a run with nothing to do does without."""

GATES = (*SHIPPED, "upscaler", "text")
"""The gates a pipeline may set limits for."""


def held_to(verdict: Verdict, limits: Limits) -> Verdict:
    """A kept verdict of a gate of merged finals under the limits of today; that of any other gate as it is."""
    if verdict.gate not in SHIPPED:
        return verdict
    return _limited(verdict, {**SHIPPED[verdict.gate], **numbers_of(limits.get(verdict.gate, {}))})


def with_limits(verdict: Verdict, limits: Limits) -> Verdict:
    """The verdict under the pipeline's limits for its gate; raises `UnknownName` for a limit the gate does not have."""
    return _limited(verdict, numbers_of(limits.get(verdict.gate, {})))


def numbers_of(limits: Mapping[str, object]) -> dict[str, float]:
    """The limits of one gate that are numbers; words are for those who read the pipeline."""
    return {name: float(limit) for name, limit in limits.items() if isinstance(limit, int | float)}


def _limited(verdict: Verdict, limits: Mapping[str, float]) -> Verdict:
    """The verdict under limits, but for known ones of what could not be measured in this picture."""
    measured = {measure.name for measure in verdict.measures}
    known = SHIPPED.get(verdict.gate, {})
    return verdict.with_limits({name: most for name, most in limits.items() if name in measured or name not in known})
