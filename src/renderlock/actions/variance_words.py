"""A variance report in plain sentences that an art director reads without knowing a metric.

The words sort figures by size and judge nothing: no variant is better for being typical. The limits between the words
are for reading; gates have limits of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from renderlock.actions.report_values import SheetCell, VarianceReport, VarianceValues
from renderlock.metrics.statistics import groups_of

_LAYOUT_WORDS = (
    (0.005, "The composition is the same for every seed."),
    (0.06, "The composition hardly changes between seeds."),
    (0.20, "The composition varies a little between seeds."),
    (0.35, "The composition varies clearly between seeds."),
    (1.01, "Each seed gives another composition."),
)
_COLOUR_WORDS = (
    (0.5, "no difference one could see"),
    (2.0, "hard to see even side by side"),
    (5.0, "seen side by side"),
    (10.0, "plain to see"),
    (1000.0, "different colours altogether"),
)
FEW_VARIANTS = 5
"""Below this many variants the figures are a first look."""

_LONGEST_LIST = 12
_MOST_GROUPS = 5


def headline_of(report: VarianceReport) -> str:
    """The one sentence that stands on top: how much the composition varies."""
    if report.count < 2:
        return "One variant: there is nothing to compare it with."
    return _word_for(report.figure("layout/distance@1").mean, _LAYOUT_WORDS)


def sentences_of(values: VarianceValues) -> tuple[str, ...]:
    """The findings after the headline, most important first; empty for one variant."""
    report = values.report
    if report.count < 2:
        return ()
    found = (
        _place_sentence(report),
        _area_sentence(report),
        _colour_sentence(report),
        _detail_sentence(values),
        *_duplicate_sentences(values),
        _typical_sentence(values),
        _caution_sentence(report),
    )
    return tuple(sentence for sentence in found if sentence)


def percent(value: float) -> str:
    """A share already in percent, in as many digits as one can act on."""
    return f"{value:.1f} %" if 0 < value < 10 else f"{value:.0f} %"


def detail_ratio(report: VarianceReport) -> float:
    """How many times the fine detail of the softest variant the sharpest has, as contrast (1 for equal ones)."""
    fine = [variant.detail_db[0] for variant in report.variants]
    return float(10 ** ((max(fine) - min(fine)) / 20))


def areas_of(report: VarianceReport) -> tuple[float, float]:
    """The smallest and the largest share of the frame that a variant fills, in %."""
    areas = [variant.area for variant in report.variants]
    return min(areas), max(areas)


def duplicate_groups(report: VarianceReport) -> tuple[tuple[int, ...], ...]:
    """Positions of variants that chains of equal or near-duplicate pairs tie together."""
    near = tuple((first, second) for first, second, _ in report.near_duplicates)
    return groups_of(report.count, report.duplicates + near)


def marks_of(values: VarianceValues) -> tuple[tuple[str, ...], ...]:
    """For each variant what sets it apart, in words short enough for a label; most have nothing."""
    report = values.report
    marks: list[list[str]] = [[] for _ in values.cells]
    if report.farthest is not None:
        marks[report.medoid].append("most typical")
        marks[report.farthest].append("stands out" if report.odd else "farthest")
    equal, near = dict[int, int](), dict[int, int]()
    for first, second in report.duplicates:
        equal.setdefault(second, first)
    for first, second, _ in report.near_duplicates:
        near.setdefault(second, first)
    for position in range(report.count):
        if position in equal:
            marks[position].append(f"same as {values.cells[equal[position]].number}")
        elif position in near:
            marks[position].append(f"near-duplicate of {values.cells[near[position]].number}")
    return tuple(tuple(found) for found in marks)


def _at_most(report: VarianceReport, largest: str) -> str:
    return f", {largest} at most" if report.count > 2 else ""


def _place_sentence(report: VarianceReport) -> str:
    placed = sum(variant.centre is not None for variant in report.variants)
    if placed < 2:
        return "Nothing stands out clearly from the ground, so no place of a subject can be given."
    moves = report.figure("layout/centre@1")
    if moves.largest < 0.05:
        return "The subject stays in one place."
    moved = f"about {percent(moves.mean)} of the frame between seeds{_at_most(report, percent(moves.largest))}"
    missing = report.count - placed
    gap = f"; in {missing} of {report.count} variants none stands out" if missing else ""
    return f"The subject moves by {moved}{gap}."


def _area_sentence(report: VarianceReport) -> str:
    smallest, largest = areas_of(report)
    if largest < 0.4:
        return ""
    if largest - smallest < 0.5:
        return f"The subject fills {percent(largest)} of the frame in every variant."
    return f"The subject fills between {percent(smallest)} and {percent(largest)} of the frame."


def _colour_sentence(report: VarianceReport) -> str:
    palette = report.figure("colour/palette@1")
    if palette.largest < 0.05:
        return "The colours are the same throughout."
    word = _word_for(palette.mean, _COLOUR_WORDS)
    return f"The colours differ by ΔE2000 {palette.mean:.1f} ({word}){_at_most(report, f'{palette.largest:.1f}')}."


def _detail_sentence(values: VarianceValues) -> str:
    if values.report.sizes_differ:
        return "The pictures differ in size, so their fine detail is not comparable."
    ratio = detail_ratio(values.report)
    if ratio < 1.05:
        return "All variants hold the same amount of fine detail."
    fine = [variant.detail_db[0] for variant in values.report.variants]
    sharpest, softest = (values.cells[fine.index(limit(fine))].number for limit in (max, min))
    return f"Variant {sharpest} holds {ratio:.1f} times the fine detail of variant {softest}, the softest."


def _duplicate_sentences(values: VarianceValues) -> tuple[str, ...]:
    report = values.report
    equal = groups_of(report.count, report.duplicates)
    sentences = [f"Variants {_numbers(values.cells, group)} are the same picture, pixel for pixel." for group in equal]
    if report.near_duplicates:
        groups = [group for group in duplicate_groups(report) if group not in equal]
        sentences += [f"Variants {_numbers(values.cells, group)} are near-duplicates." for group in groups]
    if len(sentences) > _MOST_GROUPS:
        left_out = len(sentences) - _MOST_GROUPS + 1
        sentences = [*sentences[: _MOST_GROUPS - 1], f"{left_out} more groups of variants are alike; labels name them."]
    return tuple(sentences) or ("No two variants are near-duplicates.",)


def _typical_sentence(values: VarianceValues) -> str:
    report = values.report
    if report.farthest is None:
        return ""
    typical, odd = values.cells[report.medoid], values.cells[report.farthest]
    start = f"Variant {typical.number} (seed {typical.seed}) is the most typical"
    if report.odd:
        return f"{start}; variant {odd.number} (seed {odd.seed}) stands out from all others."
    return f"{start}; variant {odd.number} (seed {odd.seed}) lies farthest from the rest, without standing out."


def _caution_sentence(report: VarianceReport) -> str:
    few = report.count < FEW_VARIANTS
    return f"With only {report.count} variants these figures are a first look." if few else ""


def _numbers(cells: Sequence[SheetCell], positions: Iterable[int]) -> str:
    numbers = [str(cells[position].number) for position in positions]
    if len(numbers) > _LONGEST_LIST:
        numbers = [*numbers[:_LONGEST_LIST], f"{len(numbers) - _LONGEST_LIST} more"]
    return f"{', '.join(numbers[:-1])} and {numbers[-1]}"


def _word_for(value: float, words: Sequence[tuple[float, str]]) -> str:
    return next(word for limit, word in words if value < limit)
