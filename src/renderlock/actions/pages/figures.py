"""The four figures that stand largest in a variance report, on the page and in the picture alike."""

from __future__ import annotations

from renderlock.actions.report_values import VarianceValues
from renderlock.actions.variance_words import areas_of, duplicate_groups, percent


def tiles_of(values: VarianceValues) -> tuple[tuple[str, str], ...]:
    """The four figures that stand largest, each with what it says; empty for one variant."""
    report = values.report
    if report.count < 2:
        return ()
    placed = sum(variant.centre is not None for variant in report.variants) > 1
    smallest, largest = areas_of(report)
    filled = f"{smallest:.0f} to {largest:.0f} %" if round(smallest) != round(largest) else f"{largest:.0f} %"
    alike = sum(len(group) for group in duplicate_groups(report))
    return (
        (
            percent(report.figure("layout/centre@1").mean) if placed else "n/a",
            "of the frame is how far the subject moves",
        ),
        (filled, "of the frame is filled"),
        (f"ΔE {report.figure('colour/palette@1').mean:.1f}", "between the palettes; 1 is just noticeable"),
        (str(alike), f"of {report.count} variants are near-duplicates"),
    )
