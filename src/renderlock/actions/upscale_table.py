"""What a study says: a row for each upscaler and factor, the Pareto front, and the choice for each class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from renderlock.actions.upscale_study import Study, Tried
from renderlock.actions.upscale_trial import quantile

NEEDED_PASS_RATE = 0.95
"""The share of pictures on which the gate must let an upscaler pass before it is chosen for a class."""

AS_GOOD_SSIM = 0.003
"""Two upscalers nearer than this in SSIM count as equally good, and the faster one is chosen."""

GENTLEST = "lanczos"


@dataclass(frozen=True)
class Row:
    """One upscaler at one factor over some pictures: means, but for the quantiles of time and the largest memory.

    Seconds are per megapixel of the result; `cold_s` is one enlargement with the start of the upscaler.
    """

    upscaler: str
    factor: int
    pictures: int
    p50_s: float
    p95_s: float
    cpu_s: float
    cold_s: float | None
    peak_bytes: int | None
    psnr_db: float
    ssim: float
    tiles_de: float
    consistency_before_db: float
    consistency_after_db: float
    invented: float
    pass_rate: float
    text_error: float | None
    on_front: bool = False

    @property
    def refused(self) -> bool:
        """Whether the gate stops it on too many pictures for it to be chosen."""
        return self.pass_rate < NEEDED_PASS_RATE


@dataclass(frozen=True)
class Choice:
    """The upscaler for a class of pictures, and why."""

    asset_class: str
    upscaler: str
    reason: str


def rows_of(tried: Iterable[Tried]) -> tuple[Row, ...]:
    """A row for each upscaler and factor, factors together, the most faithful first; those on the front are marked."""
    groups: dict[tuple[int, str], list[Tried]] = {}
    for one in tried:
        groups.setdefault((one.trial.factor, one.trial.upscaler), []).append(one)
    rows = [_row(group) for group in groups.values()]
    marked = [_marked(row, [other for other in rows if other.factor == row.factor]) for row in rows]
    return tuple(sorted(marked, key=lambda row: (row.factor, -row.ssim, row.upscaler)))


def choices_of(study: Study, budget_s: float | None = None) -> tuple[Choice, ...]:
    """The upscaler for each class: of those that pass the gate within the budget, the most faithful.

    `budget_s` is the 95th percentile of seconds per megapixel that may be spent.
    """
    return tuple(
        _choose(name, rows_of(one for one in study.tried if one.asset_class == name), budget_s)
        for name in study.classes
    )


def choose_for_all(rows: Sequence[Row], budget_s: float | None = None) -> Choice:
    """The upscaler for pictures of no class, from the rows over all pictures."""
    return _choose("all", rows, budget_s)


def _row(group: Sequence[Tried]) -> Row:
    trials = [one.trial for one in group]
    paces = [seconds / trial.megapixels for trial in trials for seconds in trial.warm_s]
    cold = [trial.cold_s for trial in trials if trial.cold_s is not None]
    peaks = [trial.peak_bytes for trial in trials if trial.peak_bytes is not None]
    errors = [trial.text_error for trial in trials if trial.text_error is not None]
    return Row(
        upscaler=trials[0].upscaler,
        factor=trials[0].factor,
        pictures=len(trials),
        p50_s=quantile(paces, 0.5),
        p95_s=quantile(paces, 0.95),
        cpu_s=fmean(trial.cpu_s / trial.megapixels for trial in trials),
        cold_s=fmean(cold) if cold else None,
        peak_bytes=max(peaks) if peaks else None,
        psnr_db=fmean(trial.psnr_db for trial in trials),
        ssim=fmean(trial.ssim for trial in trials),
        tiles_de=fmean(trial.tiles_de for trial in trials),
        consistency_before_db=fmean(trial.consistency_before_db for trial in trials),
        consistency_after_db=fmean(trial.consistency_after_db for trial in trials),
        invented=fmean(trial.invented for trial in trials),
        pass_rate=fmean(trial.passed for trial in trials),
        text_error=fmean(errors) if errors else None,
    )


def _marked(row: Row, others: Sequence[Row]) -> Row:
    """The row, marked where the gate lets it pass and no other that passes is both faster and more faithful."""
    beaten = any(other.cpu_s < row.cpu_s and other.ssim > row.ssim for other in others if not other.refused)
    return replace(row, on_front=not beaten and not row.refused)


def _choose(asset_class: str, rows: Sequence[Row], budget_s: float | None) -> Choice:
    factors = {row.factor for row in rows}
    names = {row.upscaler for row in rows}
    of = {name: [row for row in rows if row.upscaler == name] for name in names}
    whole = {name: mine for name, mine in of.items() if {row.factor for row in mine} == factors}
    passing = {name: mine for name, mine in whole.items() if all(row.pass_rate >= NEEDED_PASS_RATE for row in mine)}
    quick = {
        name: mine for name, mine in passing.items() if budget_s is None or all(row.p95_s <= budget_s for row in mine)
    }
    if not quick:
        why = "none passes the gate" if not passing else f"none that passes the gate takes at most {budget_s:g} s/MP"
        return Choice(asset_class, GENTLEST, f"{why}; interpolation invents nothing")
    best = max(fmean(row.ssim for row in mine) for mine in quick.values())
    good = [name for name, mine in quick.items() if fmean(row.ssim for row in mine) >= best - AS_GOOD_SSIM]
    chosen = min(good, key=lambda name: fmean(row.cpu_s for row in quick[name]))
    mine = quick[chosen]
    reason = (
        f"passes the gate on {fmean(row.pass_rate for row in mine):.0%} of the pictures, "
        f"SSIM {fmean(row.ssim for row in mine):.3f} at {fmean(row.cpu_s for row in mine):.2g} CPU s/MP"
    )
    return Choice(asset_class, chosen, reason)
