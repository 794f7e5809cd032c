"""The variance report as JSON for programs and as plain text for terminals."""

from __future__ import annotations

from renderlock.actions.report_values import Figure, SheetCell, VarianceReport, VarianceValues, VariantFigures
from renderlock.actions.variance_words import headline_of, marks_of, sentences_of
from renderlock.metrics.table import metric_named
from renderlock.spec.fields import JsonObject

FORMAT = "renderlock-variance/1"

FIGURE_LABELS = {
    "layout/distance@1": "Layout, three views together",
    "layout/occ@1": "Layout: how the frame is filled",
    "layout/lum8@1": "Layout: light and dark",
    "layout/phash@1": "Layout: coarse shapes",
    "layout/centre@1": "Place of the subject",
    "layout/area@1": "Size of the subject",
    "colour/mean@1": "Mean colour",
    "colour/palette@1": "Palette",
    "sharpness/bands@1:fine": "Fine detail (2-4 px)",
    "sharpness/bands@1:middle": "Middle detail (4-8 px)",
    "sharpness/bands@1:coarse": "Coarse detail (8-16 px)",
}
"""What each figure is called where people read it."""

_UNITS = {"layout/centre@1": "% of frame", "layout/area@1": "% of frame", "sharpness/bands@1": "dB"}


def unit_of(figure: Figure) -> str:
    """The unit a figure is shown in; empty for a share of 0..1."""
    metric = figure.metric.partition(":")[0]
    if metric.startswith("layout/") and metric not in _UNITS:
        return ""
    return _UNITS.get(metric, "ΔE2000")


def format_figure(value: float, figure: Figure) -> str:
    """A value of this figure in the digits that mean something."""
    return f"{value:.3f}" if not unit_of(figure) else f"{value:.1f}"


def variance_to_json(values: VarianceValues) -> JsonObject:
    """The whole report as one JSON object (`docs/variance.md`); numbers and seeds name the variants, not positions."""
    report = values.report
    named = [_name_of(cell) for cell in values.cells]
    near = [
        {"variants": [named[first], named[second]], "pdq_bits": bits} for first, second, bits in report.near_duplicates
    ]
    return {
        "format": FORMAT,
        "title": values.title,
        "prompt": values.prompt,
        "model": values.model,
        "count": report.count,
        "headline": headline_of(report),
        "findings": list(sentences_of(values)),
        "figures": [_figure_to_json(figure) for figure in report.figures],
        "variants": [_variant_to_json(*pair) for pair in zip(values.cells, report.variants, strict=True)],
        "duplicates": [[named[first], named[second]] for first, second in report.duplicates],
        "near_duplicates": near,
        "most_typical": named[report.medoid],
        "farthest": None if report.farthest is None else named[report.farthest],
        "farthest_stands_out": report.odd,
        "sizes_differ": report.sizes_differ,
        "distances": _rounded(report.distances.tolist()),
        "layout_distances": _rounded(report.layout.tolist()),
        "occupancy": _rounded(report.occupancy.tolist()),
    }


def variance_to_text(values: VarianceValues) -> str:
    """The report for a terminal: the findings, the measures, one line a variant; at most about 100 columns."""
    lines = [headline_of(values.report), *(f"  - {sentence}" for sentence in sentences_of(values))]
    if values.report.count > 1:
        lines += ["", *_figure_lines(values.report)]
    lines += ["", *_variant_lines(values)]
    return "\n".join(lines) + "\n"


def _name_of(cell: SheetCell) -> JsonObject:
    return {"number": cell.number, "seed": cell.seed, "address": cell.address}


def _figure_to_json(figure: Figure) -> JsonObject:
    error = figure.standard_error
    return {
        "metric": figure.metric,
        "unit": metric_named(figure.metric.partition(":")[0]).unit,
        "mean": round(figure.mean, 6),
        "largest": round(figure.largest, 6),
        "standard_error": None if error is None else round(error, 6),
    }


def _variant_to_json(cell: SheetCell, found: VariantFigures) -> JsonObject:
    fine, middle, coarse = (round(value, 3) for value in found.detail_db)
    return {
        **_name_of(cell),
        "digest": cell.digest,
        "standing": str(cell.standing),
        "centre_percent": None if found.centre is None else [round(value, 3) for value in found.centre],
        "area_percent": round(found.area, 3),
        "detail_db": {"fine": fine, "middle": middle, "coarse": coarse},
        "palette": [{"srgb": list(colour), "share": round(share, 4)} for colour, share in found.palette],
        "pdq_quality": found.pdq_quality,
        "apartness": round(found.apartness, 6),
    }


def _rounded(rows: list[list[float]]) -> list[list[float]]:
    return [[round(value, 5) for value in row] for row in rows]


def _figure_lines(report: VarianceReport) -> list[str]:
    lines = [f"{'Between two variants':<34}{'mean':>9}{'± error':>9}{'largest':>10}"]
    for figure in report.figures:
        error = "" if figure.standard_error is None else format_figure(figure.standard_error, figure)
        mean, largest = format_figure(figure.mean, figure), format_figure(figure.largest, figure)
        lines.append(f"{FIGURE_LABELS[figure.metric]:<34}{mean:>9}{error:>9}{largest:>10}  {unit_of(figure)}".rstrip())
    return lines


def _variant_lines(values: VarianceValues) -> list[str]:
    seed_width = max(6, *(len(str(cell.seed)) + 2 for cell in values.cells))
    lines = [f"{'No':>4}{'seed':>{seed_width}}{'centre x, y':>15}{'fills':>8}{'fine detail':>13}{'apart':>8}"]
    for cell, found, marks in zip(values.cells, values.report.variants, marks_of(values), strict=True):
        place = "-" if found.centre is None else f"{found.centre[0]:.0f} %, {found.centre[1]:.0f} %"
        figures = f"{place:>15}{found.area:>6.0f} %{found.detail_db[0]:>10.1f} dB{found.apartness:>8.2f}"
        lines.append(f"{cell.number:>4}{cell.seed:>{seed_width}}{figures}  {', '.join(marks)}".rstrip())
    return lines
