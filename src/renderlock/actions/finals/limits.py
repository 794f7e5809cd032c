"""The pipeline's own limits for gates, laid over those that the gates ship with."""

from __future__ import annotations

from collections.abc import Mapping

from renderlock.spec.verdict import Verdict

Limits = Mapping[str, Mapping[str, object]]
"""The pipeline's own limits, by gate and measure."""


def with_limits(verdict: Verdict, limits: Limits) -> Verdict:
    """The verdict under the pipeline's limits for its gate; raises `UnknownName` for a limit the gate does not have."""
    return verdict.with_limits(numbers_of(limits.get(verdict.gate, {})))


def numbers_of(limits: Mapping[str, object]) -> dict[str, float]:
    """The limits of one gate that are numbers; words are for those who read the pipeline."""
    return {name: float(limit) for name, limit in limits.items() if isinstance(limit, int | float)}
