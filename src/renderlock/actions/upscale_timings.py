"""How long enlarging takes on this machine, from what studies and earlier enlargements left in the store.

Read where a night is planned, so it loads nothing that enlarges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from renderlock.spec.recipe import Size
from renderlock.store.records import Event

TIMING_KIND = "timing"
"""The kind of the event that keeps how long an enlargement took, or what a study measured of an upscaler."""

STEP = "upscale"
"""The work that such an event is about, and the step of an enlarged picture."""

PACE = "seconds_per_megapixel_p95"


@dataclass(frozen=True)
class UpscaleTimings:
    """Timings by upscaler: of studies by factor, the latest of each; and of single enlargements."""

    studied: Mapping[str, Mapping[int, float]]
    done: Mapping[str, tuple[float, ...]]

    def seconds(self, reference: str, source: Size, target: Size) -> float | None:
        """What enlarging to `target` takes in nineteen of twenty cases; None where the upscaler was never timed.

        A study's pace counts first, at the least factor that reaches the target or else at its largest.
        """
        megapixels = target.width * target.height / 1e6
        paces = self.studied.get(reference, {})
        if paces:
            ratio = max(target.width / source.width, target.height / source.height)
            reached = [factor for factor in paces if factor >= ratio]
            return megapixels * paces[min(reached) if reached else max(paces)]
        done = self.done.get(reference, ())
        return megapixels * median(done) if done else None


def read_timings(events: Iterable[Event], host: str) -> UpscaleTimings:
    """The timings among events, oldest first, of one machine."""
    studied: dict[str, dict[int, float]] = {}
    done: dict[str, list[float]] = {}
    for event in events:
        fields = dict(event.fields)
        if event.kind != TIMING_KIND or fields.get("work") != STEP or fields.get("host") != host:
            continue
        reference = fields["model"].removeprefix(f"{STEP}:")
        if PACE in fields:
            studied.setdefault(reference, {})[int(fields["factor"])] = float(fields[PACE])
        else:
            done.setdefault(reference, []).append(float(fields["seconds"]) / float(fields["megapixels"]))
    return UpscaleTimings(studied, {name: tuple(paces) for name, paces in done.items()})
