"""Makes the upscaler gate's limits: what gentle enlargements of photographs and renders reach.

`benchmarks.upscaler_gate --calibrate` writes the result to `src/renderlock/metrics/fidelity/limits.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.photographs import embedded_renders
from benchmarks.upscaled import GENTLE, Enlarged, bicubic, enlarged, open_installed, sources
from numpy.typing import NDArray

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.fidelity import Face, judge_upscale
from renderlock.metrics.fidelity.judging import Stated, face_strangeness
from renderlock.metrics.fidelity.limits import LEAST, REFERENCE_PX, FidelityLimits, Stage
from renderlock.metrics.seams.null import fit_tail

SIDE_PX = 160
RENDER_PX = 128
FACE_PX = 40
FACTORS = (2, 4)
FALSE_ALARMS = 0.01
FOLDS = 4
Values = Mapping[str, float]
Group = tuple[Stage, ...]
GROUPS: tuple[Group, ...] = (("plain",), ("before", "projected"))
"""Stages of which one verdict is made."""

_NO_FACES: tuple[Face, ...] = ()


@dataclass(frozen=True)
class Judged:
    """The measures of one enlargement by stage, the area of its source, and the names of picture and upscaler."""

    upscaler: str
    picture: str
    source_px: int
    stages: Mapping[Stage, Values]


def gentle_pictures(pictures: Mapping[str, Pixels], *, renders: int, seed: int) -> Iterator[Enlarged]:
    """Every gentle upscaler at both factors on crops of the photographs and on renders of the embedded model."""
    small = sources(pictures, SIDE_PX, each=1, seed=seed)
    small += embedded_renders(renders, RENDER_PX, first_seed=seed)
    for factor in FACTORS:
        yield from bicubic(small, factor)
        for upscaler in open_installed(GENTLE).values():
            yield from enlarged(small, upscaler, factor)


def judge_all(made: Enlarged) -> Judged:
    """An enlargement judged as it is and, where a network made it, projected; a square stands for a face."""
    area = made.source.shape[0] * made.source.shape[1]
    stages = [*judge_upscale(made.source, made.raw, finder=_no_faces).stages]
    if made.upscaler not in ("bicubic", "lanczos"):
        stages += judge_upscale(made.source, made.projected, seen=made.seen, finder=_no_faces).stages
    return Judged(
        made.upscaler, made.picture, area, {one.stage: {**one.values, "faces": _like_a_face(one)} for one in stages}
    )


def calibrate(judged: Sequence[Judged], growth: Mapping[str, float], note: str) -> FidelityLimits:
    """The limits that 1 % of the enlargements of *other* pictures break, all measures taken together.

    The tails of the measures are fitted to three quarters of the pictures and the fourth is counted, in turn; the
    limits lie as far into the tails as it takes for 1 % of all that was counted.
    """
    reaches = dict.fromkeys(GROUPS, 1.0)
    for group in GROUPS:
        while cross_alarms(judged, growth, group, reaches[group]) > FALSE_ALARMS:
            reaches[group] += 0.1
    return _limits(judged, growth, reaches, note)


def cross_alarms(judged: Sequence[Judged], growth: Mapping[str, float], group: Group, reach: float) -> float:
    """The share of verdicts that fail under limits made from other pictures."""
    folds = {name: number % FOLDS for number, name in enumerate(sorted({one.picture for one in judged}))}
    failing: list[bool] = []
    for fold in range(FOLDS):
        limits = _limits([one for one in judged if folds[one.picture] != fold], growth, {group: reach}, "")
        counted = [one for one in judged if folds[one.picture] == fold and group[0] in one.stages]
        failing += [any(_fails(one, stage, limits) for stage in group) for one in counted]
    return float(np.mean(failing))


def _limits(
    judged: Sequence[Judged], growth: Mapping[str, float], reaches: Mapping[Group, float], note: str
) -> FidelityLimits:
    """Limits so many mean excesses beyond the 95 % quantile of each measure."""
    by_stage: dict[Stage, dict[str, float]] = {}
    for group, reach in reaches.items():
        for stage in group:
            tails = {name: fit_tail(column) for name, column in _table(judged, stage, growth).items()}
            by_stage[stage] = {name: _as_limit(name, low + excess * reach) for name, (low, excess) in tails.items()}
    return FidelityLimits(note, by_stage, growth)


def growth_of(made: Sequence[Enlarged]) -> dict[str, float]:
    """The power of the area by which each worst value grows, from pictures against their quarters."""
    ratios: dict[str, list[float]] = {}
    for one in made:
        (tall, wide), (height, width) = one.raw.shape[:2], one.source.shape[:2]
        whole = judge_upscale(one.source, one.raw, finder=_no_faces).stages[0].values
        parts = [
            judge_upscale(one.source[y, x], one.raw[tall_y, wide_x], finder=_no_faces).stages[0].values
            for y, tall_y in zip(_halves(height), _halves(tall), strict=True)
            for x, wide_x in zip(_halves(width), _halves(wide), strict=True)
        ]
        for name in whole.keys() - LEAST:
            mean = float(np.mean([np.log(part[name] + 1e-3) for part in parts]))
            ratios.setdefault(name, []).append((np.log(whole[name] + 1e-3) - mean) / np.log(4))
    return {name: max(0.0, float(np.mean(values))) for name, values in ratios.items()}


def alarm_share(judged: Sequence[Judged], limits: FidelityLimits, group: Group) -> float:
    """The share of verdicts over these stages that fail."""
    concerned = [one for one in judged if group[0] in one.stages]
    return float(np.mean([any(_fails(one, stage, limits) for stage in group) for one in concerned]))


def _fails(judged: Judged, stage: Stage, limits: FidelityLimits) -> bool:
    for name, value in judged.stages[stage].items():
        limit = limits.of(stage, name, judged.source_px)
        if value < limit if name in LEAST else value > limit:
            return True
    return False


def _table(judged: Sequence[Judged], stage: Stage, growth: Mapping[str, float]) -> dict[str, NDArray[np.float64]]:
    """By measure, how bad each enlargement is, as numbers with an exponential tail, at the reference area."""
    concerned = [one for one in judged if stage in one.stages]
    return {
        name: np.array([_badness(name, one.stages[stage][name], one.source_px, growth) for one in concerned])
        for name in concerned[0].stages[stage]
    }


def _badness(name: str, value: float, source_px: int, growth: Mapping[str, float]) -> float:
    if name == "consistency_db":
        return -value
    if name == "ssim":
        return float(np.log(1 - min(value, 1.0) + 1e-5))
    return float(np.log(value + 1e-3) - growth.get(name, 0.0) * np.log(source_px / REFERENCE_PX))


def _as_limit(name: str, badness: float) -> float:
    if name == "consistency_db":
        return -badness
    return 1 + 1e-5 - float(np.exp(badness)) if name == "ssim" else float(np.exp(badness) - 1e-3)


def _like_a_face(stated: Stated) -> float:
    """The worst square of a face's size, of a few: calibrated on anything, since few photographs show faces."""
    plane = stated.maps["strangeness"]
    places = [(top, left) for top in _starts(plane.shape[0]) for left in _starts(plane.shape[1])]
    return max(face_strangeness(plane, Face(left, top, FACE_PX)) for top, left in places[:: max(1, len(places) // 3)])


def _starts(length: int) -> range:
    return range(0, max(1, length - FACE_PX + 1), FACE_PX)


def _halves(length: int) -> tuple[slice[int, int, None], slice[int, int, None]]:
    return slice(0, length // 2), slice(length // 2, length // 2 * 2)


def _no_faces(pixels: Pixels) -> tuple[Face, ...]:
    return _NO_FACES
