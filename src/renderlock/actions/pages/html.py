"""The HTML pages: self-contained, without scripts, and with nothing fetched from anywhere.

Every text is escaped by the template engine, and a content security policy in the page forbids what slipped through.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from renderlock.actions.pages.figures import tiles_of
from renderlock.actions.pages.notices import notice_for
from renderlock.actions.pages.plain_text import shortened, visible_text
from renderlock.actions.pages.views import CellView, shape_of, view_cell, view_matrix, view_places
from renderlock.actions.report_values import ContactSheetValues, VarianceValues
from renderlock.actions.variance_texts import FIGURE_LABELS, format_figure, unit_of
from renderlock.actions.variance_words import headline_of, marks_of, sentences_of

if TYPE_CHECKING:
    from jinja2 import Environment

_SWATCHES = 6


def render_contact_sheet_html(values: ContactSheetValues) -> str:
    """The contact sheet as one HTML page: a section an asset, its pictures in the order of their seeds.

    Raises `InputUnusable` where a cell's picture is not PNG, WebP or JPEG.
    """
    rows = [(row, [view_cell(cell, row.prompt or row.asset) for cell in row.cells]) for row in values.rows]
    cells = [cell for row in values.rows for cell in row.cells]
    return (
        page_templates()
        .get_template("contact_sheet.html")
        .render(values=values, rows=rows, count=len(cells), notice=notice_for(cell.standing for cell in cells))
    )


def render_variance_html(values: VarianceValues) -> str:
    """The variance report as one HTML page: findings, maps, the sheet, the measures, method and limits.

    Raises `InputUnusable` where a cell's picture is not PNG, WebP or JPEG.
    """
    return (
        page_templates()
        .get_template("variance.html")
        .render(
            values=values,
            report=values.report,
            headline=headline_of(values.report),
            sentences=sentences_of(values),
            tiles=tiles_of(values),
            cells=_variance_cells(values),
            places=view_places(values),
            matrix=view_matrix(values),
            labels=FIGURE_LABELS,
            notice=notice_for(cell.standing for cell in values.cells),
        )
    )


def _variance_cells(values: VarianceValues) -> list[CellView]:
    views = []
    for cell, found, marks in zip(values.cells, values.report.variants, marks_of(values), strict=True):
        swatches = tuple((f"rgb{colour}", share) for colour, share in found.palette[:_SWATCHES])
        views.append(replace(view_cell(cell, values.prompt or values.title), marks=marks, swatches=swatches))
    return views


@cache
def page_templates() -> Environment:
    """The templates of all pages, with their filters."""
    # Only a page needs the template engine; the picture and the texts do without.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("renderlock.actions.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible_text
    environment.filters["shortened"] = shortened
    environment.filters["shape"] = shape_of
    environment.globals["format_figure"] = format_figure
    environment.globals["unit_of"] = unit_of
    return environment
