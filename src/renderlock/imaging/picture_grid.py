"""Pictures in an even grid, numbered, with a caption under each: what every drawn report shows its pictures by.

Pictures may have any sizes; none is cropped or shown at more than three times its size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from renderlock.imaging.lettering import Colour, Style, draw_line, fit_line, text_width
from renderlock.imaging.pixels import Pixels

GROUND = (245, 244, 241)
MAT = (233, 231, 226)
INK = (27, 27, 26)
QUIET = (98, 96, 91)
ACCENT = (29, 78, 137)
WARNING = (154, 62, 8)
WHITE = (255, 255, 255)

_NUMBER = Style(20, INK, bold=True)
_CAPTION = Style(17, QUIET)
_BADGE = Style(14, WHITE, bold=True)
_NOTICE = Style(20, WHITE, bold=True)

_MARGIN = 40
_GUTTER = 20
_CAPTION_PX = 34
_LABEL_PX = 25


@dataclass(frozen=True)
class Cell:
    """One picture of a grid: H x W x 3|4 pixels, its number, its caption.

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
