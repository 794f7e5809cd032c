"""The upscaler gate's limits: what gentle upscalers reach on photographs and renders, but for 1 % of them.

`benchmarks/upscaler_gate.py --calibrate` makes the file that ships, and says in it from what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal, TypedDict, cast

Stage = Literal["before", "plain", "projected"]
"""Which result a limit is for: what an upscaler gave before back-projection, what was never projected, what was."""

LEAST = frozenset({"consistency_db", "ssim"})
"""Measures that must not be too small; all others must not be too large."""


REFERENCE_PX = 256 * 256
SMALLEST_PX = 64 * 64
"""Limits do not fall below those of this area."""


@dataclass(frozen=True)
class FidelityLimits:
    """The limit of each measure by stage, for a source of 256 x 256 pixels.

    The worst window of a large picture is worse than that of a small one: `growth` is the power of the area by which
    the limit of a measure grows. `most_text_changed` is the share of letters that may read otherwise.
    """

    made: str
    by_stage: Mapping[Stage, Mapping[str, float]]
    growth: Mapping[str, float]
    most_text_changed: float = 0.05

    def of(self, stage: Stage, measure: str, source_px: int = REFERENCE_PX) -> float:
        """One limit, for a source of so many pixels."""
        area = max(source_px, SMALLEST_PX) / REFERENCE_PX
        return float(self.by_stage[stage][measure] * area ** self.growth.get(measure, 0.0))


@lru_cache(maxsize=1)
def shipped_limits() -> FidelityLimits:
    """The limits that ship with renderlock."""
    return limits_from_json(resources.files(__package__).joinpath("limits.json").read_text(encoding="utf-8"))


class _File(TypedDict):
    made: str
    limits: dict[Stage, dict[str, float]]
    growth: dict[str, float]


def limits_from_json(text: str) -> FidelityLimits:
    """Limits as `limits_to_json` wrote them."""
    # Our own file, written by the benchmark and tested as a whole.
    content = cast("_File", json.loads(text))
    return FidelityLimits(content["made"], content["limits"], content["growth"])


def limits_to_json(limits: FidelityLimits) -> str:
    """The limits as text, one a line so that a recalibration can be read as a difference."""
    rounded = {
        stage: {name: round(limit, 6 if name == "ssim" else 3) for name, limit in sorted(values.items())}
        for stage, values in limits.by_stage.items()
    }
    growth = {name: round(power, 3) for name, power in sorted(limits.growth.items())}
    return json.dumps({"made": limits.made, "limits": rounded, "growth": growth}, indent=2) + "\n"
