"""Makes the null of the seam measure: what lines that are no seams show on pictures that were never cut.

Random grids are laid over random crops, at full, half and quarter size, and every line is measured. `benchmarks.seams
--calibrate` writes the result to `src/renderlock/metrics/seams/null.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from benchmarks.photographs import embedded_renders, reduced

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.seams.families import CHANNELS, FAMILIES, Kind, Values
from renderlock.metrics.seams.lines import SeamLine
from renderlock.metrics.seams.measure import LineMeasure, measure_line
from renderlock.metrics.seams.null import (
    FALSE_ALARMS,
    SIZE_CLASSES,
    TAIL_SHARE,
    Extent,
    Null,
    Tails,
    fit_tail,
    size_class,
)
from renderlock.metrics.seams.score import pool_lines, pooled

SIDES_PX = (256, 384, 512, 768, 1024, 1536, 2048)
FACTORS = (1, 2, 4)
EXTENTS: tuple[Extent, ...] = ("line", "picture")
SHARES: dict[Kind, float] = {"step": 0.4, "break": 0.15, "slide": 0.2, "notch": 0.1, "mismatch": 0.15}
"""How the false alarms are shared out: half to single lines and half to whole pictures, then by kind."""

SHORT_PX = 128
SHORT_SHARE = 0.5
"""Half of the grids have short borders."""

FEWEST = 100
"""Lines or pictures a size class needs for a tail of its own; one with fewer takes its neighbour's."""


@dataclass(frozen=True)
class Sample:
    """One picture with one grid on it: whose picture it is, and its lines as measured."""

    picture: str
    lines: tuple[LineMeasure, ...]


def grid_lines(width: int, height: int, columns: int, rows: int) -> list[SeamLine]:
    """The borders of equal tiles, one for each two neighbours."""
    xs = [round(width * at / columns) for at in range(columns + 1)]
    ys = [round(height * at / rows) for at in range(rows + 1)]
    upright = [SeamLine("x", x, start, end) for x in xs[1:-1] for start, end in pairwise(ys)]
    return upright + [SeamLine("y", y, start, end) for y in ys[1:-1] for start, end in pairwise(xs)]


def measure(name: str, pixels: Pixels, lines: Sequence[SeamLine]) -> Sample:
    """A picture measured on lines."""
    height, width = pixels.shape[:2]
    measured = [
        measure_line(lambda left, top, w, h: pixels[top : top + h, left : left + w], (width, height), line, lines)
        for line in lines
    ]
    return Sample(name, tuple(measured))


def natural_samples(pictures: Mapping[str, Pixels], renders: int, per_size: int, seed: int) -> Iterator[Sample]:
    """Random grids on random crops of the photographs, and on renders of the embedded model in one piece."""
    random = np.random.default_rng(seed)
    for name, picture in pictures.items():
        for factor in FACTORS:
            smaller = reduced(picture, factor) if factor > 1 else picture
            for side in (side for side in SIDES_PX if side + 16 <= min(smaller.shape[:2])):
                for _ in range(per_size):
                    yield _sample(name, _crop(smaller, side, random), random)
    for count, side in ((renders, 256), (renders // 4, 512)):
        for name, picture in embedded_renders(count, side):
            for _ in range(2):
                yield _sample(name, picture, random)


def with_few_lines(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """The samples with only one or two of their lines: pictures of two or three tiles."""
    random = np.random.default_rng(seed)
    found = []
    for sample in samples:
        kept = random.permutation(len(sample.lines))[: int(random.integers(1, 3))]
        found.append(Sample(sample.picture, tuple(sample.lines[at] for at in kept)))
    return found


def calibrate(samples: Sequence[Sample], made: str) -> Null:
    """The null of the samples: tails by size class, and reaches at which 1 % of the samples read over 1.000.

    Each kind gets its share of the false alarms, for lines and for pictures; what is lost because alarms coincide is
    given back in equal parts until the count is right.
    """
    lines = [(one.segments, [one]) for sample in samples for one in sample.lines if one.families]
    wholes = [(sum(one.segments for one in sample.lines), list(sample.lines)) for sample in samples]
    tails: dict[Extent, tuple[Tails, ...]] = {"line": _tails_by_class(lines), "picture": _tails_by_class(wholes)}
    farthest = {(extent, kind): _farthest(samples, tails, extent, kind) for extent in EXTENTS for kind in SHARES}
    low, high = 0.1, 10.0
    for _ in range(24):
        middle = float(np.sqrt(low * high))
        reaches = _reaches(farthest, FALSE_ALARMS / 2 * middle)
        over = [values > reaches[extent][kind] for (extent, kind), values in farthest.items()]
        low, high = (middle, high) if np.any(over, axis=0).mean() <= FALSE_ALARMS else (low, middle)
    return Null(made, _reaches(farthest, FALSE_ALARMS / 2 * low), tails)


def _reaches(farthest: Mapping[tuple[Extent, Kind], Values], alarms: float) -> dict[Extent, dict[str, float]]:
    """The reach of each kind that leaves its share of so many alarms, by the tail of the farthest of each sample."""
    reaches: dict[Extent, dict[str, float]] = {extent: {} for extent in EXTENTS}
    for (extent, kind), values in farthest.items():
        threshold, excess = fit_tail(values)
        reaches[extent][kind] = threshold + excess * float(np.log(TAIL_SHARE / (alarms * SHARES[kind])))
    return reaches


def _farthest(
    samples: Sequence[Sample], tails: Mapping[Extent, tuple[Tails, ...]], extent: Extent, kind: Kind
) -> Values:
    """How many mean excesses each sample goes beyond the 95 % quantile, in the worst ratio of one kind."""
    return np.array([_reached(sample, tails, extent, kind) for sample in samples])


def _reached(sample: Sample, tails: Mapping[Extent, tuple[Tails, ...]], extent: Extent, kind: Kind) -> float:
    pools = [list(sample.lines)] if extent == "picture" else [[line] for line in sample.lines if line.families]
    among = float(np.log(len(pools)))
    found = [-np.inf]
    for pool in pools:
        table = tails[extent][size_class(sum(one.segments for one in pool))]
        for family in (family for family in FAMILIES if family.kind == kind):
            evidence = pooled(pool, family)
            if evidence is None:
                continue
            for channel, value in zip(CHANNELS, evidence.statistic, strict=True):
                threshold, excess = table[f"{family.name} {channel}"]
                found.append(((abs(value) if kind == "notch" else value) - threshold) / excess - among)
    return max(found)


def false_alarms(samples: Sequence[Sample], null: Null) -> float:
    """The share of samples that read more than 1.000."""
    return float(np.mean([pool_lines(sample.lines, null=null).value > 1.0 for sample in samples]))


def _sample(name: str, picture: Pixels, random: np.random.Generator) -> Sample:
    """One grid on one picture: equal tiles or, as often, with a short column or row, as the last one may be."""
    height, width = picture.shape[:2]
    most = max(2, min(4, min(height, width) // 128))
    columns, rows = (int(count) for count in random.integers(2, most + 1, 2))
    if random.random() < SHORT_SHARE:
        return measure(name, picture, uneven_lines(width, height, columns, random))
    return measure(name, picture, grid_lines(width, height, columns, rows))


def uneven_lines(width: int, height: int, columns: int, random: np.random.Generator) -> list[SeamLine]:
    """The borders of a grid with one short row, 16 to 127 pixels high, or such a column; the other side is equal."""
    turned = bool(random.random() < 0.5)
    across, down = (height, width) if turned else (width, height)
    short = int(random.integers(16, min(SHORT_PX, down // 2)))
    top = int(random.integers(0, down - short + 1))
    xs = [round(across * at / columns) for at in range(columns + 1)]
    ys = sorted({0, top, top + short, down})
    lines = [SeamLine("x", x, start, end) for x in xs[1:-1] for start, end in pairwise(ys)]
    lines += [SeamLine("y", y, start, end) for y in ys[1:-1] for start, end in pairwise(xs)]
    return (
        [SeamLine("y" if line.axis == "x" else "x", line.position, line.start, line.end) for line in lines]
        if turned
        else lines
    )


def _crop(picture: Pixels, side: int, random: np.random.Generator) -> Pixels:
    height, width = picture.shape[:2]
    top, left = int(random.integers(0, height - side + 1)), int(random.integers(0, width - side + 1))
    return picture[top : top + side, left : left + side]


def _tails_by_class(pools: Sequence[tuple[int, list[LineMeasure]]]) -> tuple[Tails, ...]:
    return tuple(_tails(pools, at) for at in range(len(SIZE_CLASSES) + 1))


def _tails(pools: Sequence[tuple[int, list[LineMeasure]]], wanted: int) -> Tails:
    tails: dict[str, tuple[float, float]] = {}
    for family in FAMILIES:
        by_class: dict[int, list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = {}
        for segments, lines in pools:
            evidence = pooled(lines, family)
            if evidence is not None:
                by_class.setdefault(size_class(segments), []).append(evidence.statistic)
        enough = [at for at, found in by_class.items() if len(found) >= FEWEST]
        nearest = min(enough, key=lambda at: (abs(at - wanted), at))
        table = np.array(by_class[nearest])
        for channel, column in zip(CHANNELS, table.T, strict=True):
            tails[f"{family.name} {channel}"] = fit_tail(np.abs(column) if family.kind == "notch" else column)
    return tails
