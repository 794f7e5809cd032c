"""The contact sheet of several assets as one picture, for where a page cannot be shown."""

from __future__ import annotations

from PIL import Image

from renderlock.actions.pages.notices import notice_for
from renderlock.actions.pages.strips import (
    HEADING,
    QUIET_BODY,
    ROOM,
    gap_strip,
    grid_strip,
    head_strip,
    sheet_cell,
    stack_strips,
    text_strip,
)
from renderlock.actions.report_values import ContactSheetValues, SheetRow
from renderlock.imaging.lettering import fit_line, wrap_lines
from renderlock.imaging.pixels import Pixels

_MOST_ASSETS = 24
_FEWEST_COLUMNS, _MOST_COLUMNS = 3, 6
_MOST_CELLS = 60
_MOST_DIFFERENCES = 4


def draw_contact_sheet_png(values: ContactSheetValues) -> Pixels:
    """The contact sheet as RGB pixels, at most 1600 x 8192, with all pictures in columns of one width.

    What does not fit (assets after the 24th, pictures of one asset after the 60th) is named as left out. Raises
    `InputUnusable` where a cell's picture cannot be decoded.
    """
    cells = [cell for row in values.rows for cell in row.cells]
    columns = _columns_for(max((len(row.cells) for row in values.rows), default=0))
    facts = f"{_count(len(values.rows), 'asset')} · {_count(len(cells), 'picture')}"
    notice = notice_for(cell.standing for cell in cells)
    strips = [head_strip("CONTACT SHEET", values.title, (values.subtitle, facts), notice=notice)]
    for row in values.rows[:_MOST_ASSETS]:
        strips += _row_strips(row, columns)
    left_out = len(values.rows) - _MOST_ASSETS
    if left_out > 0:
        strips += [gap_strip(30), text_strip([f"{_count(left_out, 'more asset')} left out of this picture."], HEADING)]
    return stack_strips(strips)


def _columns_for(longest: int) -> int:
    """Columns in which the longest row of pictures leaves the fewest places empty; the more the better."""
    if longest <= _MOST_COLUMNS:
        return max(_FEWEST_COLUMNS, longest)
    return min(range(_MOST_COLUMNS, _FEWEST_COLUMNS, -1), key=lambda columns: -longest % columns)


def _row_strips(row: SheetRow, columns: int) -> list[Image.Image]:
    name = f"{row.asset} · {row.step}" if row.step else row.asset
    strips = [gap_strip(32), text_strip([fit_line(name, HEADING, ROOM)], HEADING)]
    if row.prompt:
        strips.append(text_strip(wrap_lines(row.prompt, QUIET_BODY, ROOM, most=2), QUIET_BODY))
    strips.append(gap_strip(10))
    if row.cells:
        strips.append(grid_strip([sheet_cell(cell) for cell in row.cells[:_MOST_CELLS]], columns))
    strips += [text_strip(wrap_lines(line, QUIET_BODY, ROOM, most=2), QUIET_BODY) for line in _differences(row)]
    left_out = len(row.cells) - _MOST_CELLS
    if left_out > 0 or not row.cells:
        said = f"{_count(left_out, 'more picture')} left out of this picture." if left_out > 0 else "No pictures yet."
        strips.append(text_strip([said], QUIET_BODY))
    return strips


def _differences(row: SheetRow) -> list[str]:
    """One line a kind of difference from what was asked, with how many of the row's pictures have it."""
    alike: dict[tuple[str, str], list[str]] = {}
    for cell in row.cells:
        for deviation in cell.deviations:
            alike.setdefault((deviation.field, deviation.reason), []).append(str(deviation))
    lines = [f"In {_count(len(found), 'picture')}: {found[0]}" for found in alike.values()]
    more = [f"{_count(len(lines) - _MOST_DIFFERENCES, 'more difference')} from what was asked."]
    return lines[:_MOST_DIFFERENCES] + (more if len(lines) > _MOST_DIFFERENCES else [])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
