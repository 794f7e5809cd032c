"""Strips of one width stacked into a drawn report: a head with its notice, lines of text, a grid of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from renderlock.actions.pages.notices import stamp_for
from renderlock.actions.report_values import SheetCell
from renderlock.errors import InputUnusable
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.lettering import Style, draw_line, wrap_lines
from renderlock.imaging.picture_grid import (
    ACCENT,
    GROUND,
    INK,
    QUIET,
    Cell,
    draw_band,
    grid_across,
    paste_cells,
)
from renderlock.imaging.pixels import Pixels

WIDTH = 1600
MARGIN = 56
LARGEST_SIDE_PX = 8192
ROOM = WIDTH - 2 * MARGIN

KICKER = Style(17, ACCENT, bold=True)
TITLE = Style(42, INK, bold=True)
HEADING = Style(26, INK, bold=True)
BODY = Style(20, INK)
QUIET_BODY = Style(18, QUIET)


def head_strip(kind: str, title: str, subtitles: Sequence[str], *, notice: str) -> Image.Image:
    """The head of a report: the notice across it, what it is, its title, and lines that may take two rows each."""
    titles = wrap_lines(title, TITLE, ROOM, most=2)
    lines = [line for text in subtitles if text for line in wrap_lines(text, QUIET_BODY, ROOM, most=2)]
    height = MARGIN + KICKER.line_px + len(titles) * TITLE.line_px + len(lines) * QUIET_BODY.line_px + 20
    strip = Image.new("RGB", (WIDTH, height + (48 if notice else 0)), GROUND)
    top = (draw_band(strip, 0, notice) if notice else 0) + MARGIN - 10
    for texts, style in (([kind], KICKER), (titles, TITLE), (lines, QUIET_BODY)):
        top = write_lines(strip, (MARGIN, top), texts, style)
    return strip


def text_strip(lines: Sequence[str], style: Style) -> Image.Image:
    """Drawable lines below each other."""
    strip = Image.new("RGB", (WIDTH, len(lines) * style.line_px + 6), GROUND)
    write_lines(strip, (MARGIN, 0), lines, style)
    return strip


def gap_strip(height: int) -> Image.Image:
    """Nothing, `height` pixels of it."""
    return Image.new("RGB", (WIDTH, height), GROUND)


def grid_strip(cells: Sequence[Cell], columns: int) -> Image.Image:
    """The cells as a grid of this many columns across the whole room."""
    grid = grid_across([cell.pixels.shape[:2] for cell in cells], columns=columns, width=ROOM)
    strip = Image.new("RGB", (WIDTH, grid.size[1]), GROUND)
    paste_cells(strip, (MARGIN, 0), cells, grid)
    return strip


def sheet_cell(cell: SheetCell, badge: str = "") -> Cell:
    """A cell for the drawn sheet with its picture decoded, stamped with its standing unless that is production.

    Raises `InputUnusable` where the bytes cannot be decoded.
    """
    try:
        pixels = decode_picture(cell.picture)
    except ValueError as error:
        place = f"the picture of variant {cell.number} (seed {cell.seed})"
        raise InputUnusable(path=place, reason=error, action="Give PNG, WebP or JPEG bytes.") from error
    return Cell(pixels, cell.number, f"seed {cell.seed}", badge, stamp_for(cell.standing))


def stack_strips(strips: Sequence[Image.Image]) -> Pixels:
    """The strips below each other, scaled down as a whole where that is taller than 8192 px."""
    height = sum(strip.height for strip in strips) + MARGIN
    whole = Image.new("RGB", (WIDTH, height), GROUND)
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    if height > LARGEST_SIDE_PX:
        size = (max(1, round(WIDTH * LARGEST_SIDE_PX / height)), LARGEST_SIDE_PX)
        whole = whole.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(whole)


def write_lines(picture: Image.Image, at: tuple[int, int], lines: Sequence[str], style: Style) -> int:
    """Draws drawable lines from `at` down; gives where the next line would start."""
    left, top = at
    for line in lines:
        draw_line(picture, (left, top), line, style)
        top += style.line_px
    return top
