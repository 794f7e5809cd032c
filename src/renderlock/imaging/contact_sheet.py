"""A contact sheet: many pictures on one, numbered, with a caption under each.

It shows 1 to 200 pictures of any sizes in one even grid, never larger than 8192 pixels a side, and no picture is
cropped or shown at more than three times its size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from renderlock.errors import UsageError
from renderlock.imaging.lettering import Colour, Style, draw_line, fit_line, text_width, wrap_lines
from renderlock.imaging.pixels import Pixels

LARGEST_SIDE_PX = 8192
MOST_CELLS = 200

GROUND = (245, 244, 241)
MAT = (233, 231, 226)
INK = (27, 27, 26)
QUIET = (98, 96, 91)
ACCENT = (29, 78, 137)
WARNING = (154, 62, 8)
WHITE = (255, 255, 255)

_TITLE = Style(34, INK, bold=True)
_SUBTITLE = Style(20, QUIET)
_NUMBER = Style(20, INK, bold=True)
_CAPTION = Style(17, QUIET)
_BADGE = Style(14, WHITE, bold=True)
_NOTICE = Style(20, WHITE, bold=True)

_MARGIN = 40
_GUTTER = 20
_CAPTION_PX = 34
_LABEL_PX = 25
_NARROWEST_CELL = 112
_PREFERRED_SHAPE = 1.5


@dataclass(frozen=True)
class Cell:
    """One picture on a sheet: H x W x 3|4 pixels, its number, its caption.

    `badge` is a short label at the top that sets it apart; `stamp` a warning at its foot. Both may be empty.
    """

    pixels: Pixels
    number: int
    caption: str
    badge: str = ""
    stamp: str = ""


@dataclass(frozen=True)
class Grid:
    """How cells are laid out: columns, rows, and the box in pixels that each picture is fitted into."""

    columns: int
    rows: int
    box: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of all cells with their captions and the gutters between them."""
        width = self.columns * (self.box[0] + _GUTTER) - _GUTTER
        return width, self.rows * (self.box[1] + _CAPTION_PX + _GUTTER) - _GUTTER


def contact_sheet(cells: Sequence[Cell], title: str, *, subtitle: str = "", notice: str = "") -> Pixels:
    """One RGB picture with all cells, at most 8192 px a side.

    `subtitle` stands under the title in up to two lines. `notice` is a band across the top, for what nobody may
    overlook (a rehearsal). Raises `UsageError` for no cells or more than 200.
    """
    if not 1 <= len(cells) <= MOST_CELLS:
        raise UsageError(reason=f"A contact sheet holds 1 to {MOST_CELLS} pictures, not {len(cells)}")
    grid = plan_grid([cell.pixels.shape[:2] for cell in cells])
    width = max(grid.size[0], 480) + 2 * _MARGIN
    header = _draw_header(width, title, subtitle, notice)
    sheet = Image.new("RGB", (width, header.height + grid.size[1] + _MARGIN), GROUND)
    sheet.paste(header, (0, 0))
    paste_cells(sheet, (_MARGIN, header.height), cells, grid)
    return np.asarray(sheet)


def plan_grid(shapes: Sequence[tuple[int, ...]]) -> Grid:
    """The grid for pictures of these (height, width) shapes: boxes of their middle aspect ratio, a whole near 3:2."""
    count, aspect = len(shapes), _middle_aspect(shapes)
    limit = LARGEST_SIDE_PX - 8 * _MARGIN
    columns = min(range(1, count + 1), key=lambda tried: _shape_cost(tried, count, aspect))
    rows = math.ceil(count / columns)
    box_width = min(_box_width(shapes), limit // columns - _GUTTER)
    box_height = min(round(box_width / aspect), limit // rows - _GUTTER - _CAPTION_PX)
    return Grid(columns, rows, (min(box_width, max(1, round(box_height * aspect))), max(1, box_height)))


def grid_across(shapes: Sequence[tuple[int, ...]], *, columns: int, width: int) -> Grid:
    """The grid of this many columns that fills `width` pixels, with boxes of the pictures' middle aspect ratio."""
    box_width = (width + _GUTTER) // columns - _GUTTER
    return Grid(columns, math.ceil(len(shapes) / columns), (box_width, round(box_width / _middle_aspect(shapes))))


def paste_cells(sheet: Image.Image, at: tuple[int, int], cells: Sequence[Cell], grid: Grid) -> None:
    """Draws all cells into `sheet` with the grid's left top corner at `at`."""
    for position, cell in enumerate(cells):
        row, column = divmod(position, grid.columns)
        left = at[0] + column * (grid.box[0] + _GUTTER)
        top = at[1] + row * (grid.box[1] + _CAPTION_PX + _GUTTER)
        _draw_cell(sheet, (left, top), cell, grid.box)


def draw_band(picture: Image.Image, top: int, text: str) -> int:
    """Draws a striped warning band with `text` across the picture; gives the height it took."""
    height = 48
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, top, picture.width, top + height), fill=WARNING)
    for left in range(-height, picture.width, 28):
        stripe = [(left, top + height), (left + 8, top + height), (left + 8 + height, top), (left + height, top)]
        pen.polygon(stripe, fill=(172, 78, 18))
    line = fit_line(text, _NOTICE, picture.width - 2 * _MARGIN)
    wide = text_width(line, _NOTICE)
    pen.rectangle((_MARGIN - 14, top, _MARGIN + wide + 14, top + height), fill=WARNING)
    draw_line(picture, (_MARGIN, top + 12), line, _NOTICE)
    return height


def _middle_aspect(shapes: Sequence[tuple[int, ...]]) -> float:
    """The median of width over height, so that one odd picture does not shape all boxes; between 1:2 and 2:1."""
    return min(2.0, max(0.5, float(np.median([shape[1] / shape[0] for shape in shapes]))))


def _box_width(shapes: Sequence[tuple[int, ...]]) -> int:
    """Smaller boxes for more pictures, and none that the pictures could not fill."""
    wanted = next(
        width for most, width in ((4, 480), (12, 360), (30, 280), (80, 216), (MOST_CELLS, 168)) if len(shapes) <= most
    )
    return max(_NARROWEST_CELL, min(wanted, 3 * max(shape[1] for shape in shapes)))


def _shape_cost(columns: int, count: int, aspect: float) -> float:
    """How far a grid is from a whole of 3:2, with a price on places that stay empty in the last row."""
    rows = math.ceil(count / columns)
    shape = columns * aspect / rows
    return abs(math.log(shape / _PREFERRED_SHAPE)) + 5 * (rows * columns - count) / count


def _draw_header(width: int, title: str, subtitle: str, notice: str) -> Image.Image:
    room = width - 2 * _MARGIN
    titles = wrap_lines(title, _TITLE, room, most=2)
    subtitles = wrap_lines(subtitle, _SUBTITLE, room, most=2) if subtitle else []
    height = 2 * _MARGIN - 12 + len(titles) * _TITLE.line_px + len(subtitles) * _SUBTITLE.line_px
    header = Image.new("RGB", (width, height + (48 if notice else 0)), GROUND)
    top = (draw_band(header, 0, notice) if notice else 0) + _MARGIN - 8
    for lines, style in ((titles, _TITLE), (subtitles, _SUBTITLE)):
        for line in lines:
            draw_line(header, (_MARGIN, top), line, style)
            top += style.line_px
    return header


def _draw_cell(sheet: Image.Image, at: tuple[int, int], cell: Cell, box: tuple[int, int]) -> None:
    left, top = at
    mat = Image.new("RGB", box, MAT)
    shown = _fitted(cell.pixels, box)
    mat.paste(shown, ((box[0] - shown.width) // 2, (box[1] - shown.height) // 2))
    sheet.paste(mat, at)
    if cell.badge:
        _draw_label(sheet, (left, top), fit_line(cell.badge, _BADGE, box[0] - 16), ACCENT)
    if cell.stamp:
        stamp = fit_line(cell.stamp, _BADGE, box[0] - 16)
        _draw_label(sheet, (left, top + box[1] - _LABEL_PX), stamp, WARNING)
    number = str(cell.number)
    draw_line(sheet, (left, top + box[1] + 8), number, _NUMBER)
    indent = text_width(number, _NUMBER) + 10
    if indent < box[0]:
        draw_line(
            sheet, (left + indent, top + box[1] + 10), fit_line(cell.caption, _CAPTION, box[0] - indent), _CAPTION
        )


def _draw_label(sheet: Image.Image, at: tuple[int, int], text: str, fill: Colour) -> None:
    corner = (at[0] + text_width(text, _BADGE) + 15, at[1] + _LABEL_PX - 1)
    ImageDraw.Draw(sheet).rectangle((*at, *corner), fill=fill)
    draw_line(sheet, (at[0] + 8, at[1] + 4), text, _BADGE)


def _fitted(pixels: Pixels, box: tuple[int, int]) -> Image.Image:
    """The whole picture within the box, alpha over a chequered ground, enlarged to three times its size at most."""
    picture = Image.fromarray(pixels)
    scale = min(box[0] / picture.width, box[1] / picture.height, 3.0)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    shown = picture.resize(size, Image.Resampling.LANCZOS)
    if shown.mode != "RGBA":
        return shown
    return Image.alpha_composite(_chequer(size), shown).convert("RGB")


def _chequer(size: tuple[int, int]) -> Image.Image:
    y, x = np.indices((size[1], size[0])) // 8
    value = np.where((x + y) % 2, 255, 214).astype(np.uint8)
    return Image.fromarray(np.dstack([value] * 3 + [np.full_like(value, 255)]))
