"""The variance report as one picture: findings, where things are, who is like whom, and the sheet."""

from __future__ import annotations

from PIL import Image, ImageDraw

from renderlock.actions.pages.figures import tiles_of
from renderlock.actions.pages.notices import notice_for
from renderlock.actions.pages.shades import readable_ink, shade, smooth_shades
from renderlock.actions.pages.strips import (
    BODY,
    HEADING,
    MARGIN,
    QUIET_BODY,
    ROOM,
    gap_strip,
    grid_strip,
    head_strip,
    sheet_cell,
    stack_strips,
    text_strip,
    write_lines,
)
from renderlock.actions.pages.views import PlaceMap, view_matrix, view_places
from renderlock.actions.report_values import VarianceValues
from renderlock.actions.variance_words import headline_of, marks_of, sentences_of
from renderlock.imaging.lettering import Style, draw_line, fit_line, text_width, wrap_lines
from renderlock.imaging.picture_grid import ACCENT, INK, QUIET, WARNING, WHITE
from renderlock.imaging.pixels import Pixels

_HEADLINE = Style(34, INK, bold=True)
_TILE_FIGURE = Style(38, ACCENT, bold=True)
_TILE_MEANING = Style(16, QUIET)
_DOT = Style(13, INK, bold=True)
_LINE = (220, 217, 210)

_TILE_HEIGHT = 118
_PANEL_GAP = 28
_PANEL = (ROOM - _PANEL_GAP) // 2
_INSET = 26
_DRAWING = 560

_LIMITS = (
    "Only the seed differs. What stands out is what differs in colour from the frame's border; layout and colour are "
    "measured on reductions that do not react to texture. Colour is CIEDE2000. The words sort figures by size and do "
    "not judge; the HTML page has every figure, the method and its limits."
)


_PLACES_CAPTION = (
    "Darker: filled in more of the variants. Dots: the centre of what stands out in each, by number. Lines: thirds."
)
_MATRIX_CAPTION = "Layout and colour together: 0 is the same, 100 unrelated. Lighter pairs look more alike."


def draw_variance_png(values: VarianceValues) -> Pixels:
    """The variance report as RGB pixels, at most 1600 x 8192.

    Raises `InputUnusable` where a cell's picture cannot be decoded.
    """
    variants = "1 variant" if values.report.count == 1 else f"{values.report.count} variants"
    facts = " · ".join([values.model, variants, *(" ".join(pair) for pair in values.settings)])
    notice = notice_for(cell.standing for cell in values.cells)
    about = (values.subtitle, values.prompt, facts)
    strips = [
        head_strip("VARIANCE REPORT", values.title, about, notice=notice),
        gap_strip(16),
        text_strip(wrap_lines(headline_of(values.report), _HEADLINE, ROOM, most=2), _HEADLINE),
        gap_strip(14),
    ]
    if values.report.count > 1:
        strips += [_tiles_strip(values), gap_strip(22), _findings_strip(values), gap_strip(28), _maps_strip(values)]
    marks = [" · ".join(found) for found in marks_of(values)]
    cells = [sheet_cell(cell, badge) for cell, badge in zip(values.cells, marks, strict=True)]
    strips += [gap_strip(30), text_strip(["The variants"], HEADING), gap_strip(8)]
    strips += [grid_strip(cells, _columns_for(len(cells))), gap_strip(26)]
    strips.append(text_strip(wrap_lines(_LIMITS, QUIET_BODY, ROOM, most=3), QUIET_BODY))
    return stack_strips(strips)


def _columns_for(count: int) -> int:
    return next(columns for most, columns in ((12, 5), (40, 8), (100, 10), (10_000, 14)) if count <= most)


def _tiles_strip(values: VarianceValues) -> Image.Image:
    strip = gap_strip(_TILE_HEIGHT + 1)
    tiles = tiles_of(values)
    pen = ImageDraw.Draw(strip)
    width = ROOM // len(tiles)
    for position, (figure, meaning) in enumerate(tiles):
        left = MARGIN + position * width
        right = MARGIN + ROOM if position == len(tiles) - 1 else left + width
        pen.rectangle((left, 0, right, _TILE_HEIGHT), fill=WHITE, outline=_LINE)
        inner = width - 40
        top = write_lines(strip, (left + 22, 14), [fit_line(figure, _TILE_FIGURE, inner)], _TILE_FIGURE)
        write_lines(strip, (left + 22, top), wrap_lines(meaning, _TILE_MEANING, inner, most=2), _TILE_MEANING)
    return strip


def _findings_strip(values: VarianceValues) -> Image.Image:
    blocks = [wrap_lines(sentence, BODY, ROOM - 26, most=3) for sentence in sentences_of(values)]
    strip = gap_strip(sum(len(block) * BODY.line_px + 4 for block in blocks))
    pen = ImageDraw.Draw(strip)
    top = 0
    for block in blocks:
        pen.ellipse((MARGIN + 2, top + 9, MARGIN + 9, top + 16), fill=ACCENT)
        top = write_lines(strip, (MARGIN + 26, top), block, BODY) + 4
    return strip


def _maps_strip(values: VarianceValues) -> Image.Image:
    strip = gap_strip(_DRAWING + 168)
    pen = ImageDraw.Draw(strip)
    panels = (
        ("Where things are", _draw_places(values), _PLACES_CAPTION),
        ("Which variants are alike", _draw_matrix(values), _MATRIX_CAPTION),
    )
    for position, (title, drawing, caption) in enumerate(panels):
        left = MARGIN + position * (_PANEL + _PANEL_GAP)
        pen.rectangle((left, 0, left + _PANEL - 1, strip.height - 1), fill=WHITE, outline=_LINE)
        draw_line(strip, (left + _INSET, 20), title, HEADING)
        strip.paste(drawing, (left + (_PANEL - drawing.width) // 2, 72 + (_DRAWING - drawing.height) // 2))
        lines = wrap_lines(caption, _TILE_MEANING, _PANEL - 2 * _INSET, most=2)
        write_lines(strip, (left + _INSET, _DRAWING + 98), lines, _TILE_MEANING)
    return strip


def _draw_places(values: VarianceValues) -> Image.Image:
    places = view_places(values)
    scale = min((_PANEL - 2 * _INSET) / places.width, _DRAWING / places.height)
    size = (round(places.width * scale), round(places.height * scale))
    drawing = Image.fromarray(smooth_shades(values.report.occupancy, *size))
    pen = ImageDraw.Draw(drawing, "RGBA")
    for third in (1 / 3, 2 / 3):
        pen.line((size[0] * third, 0, size[0] * third, size[1]), fill=(*INK, 80))
        pen.line((0, size[1] * third, size[0], size[1] * third), fill=(*INK, 80))
    _draw_dots(drawing, places, scale)
    return drawing


def _draw_dots(drawing: Image.Image, places: PlaceMap, scale: float) -> None:
    # Drawn at four times the size and reduced: Pillow draws circles with hard edges.
    layer = Image.new("RGBA", (drawing.width * 4, drawing.height * 4), (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for dot in places.dots:
        x, y, reach = 4 * dot.x * scale, 4 * dot.y * scale, 4 * 13
        fill, edge = (WARNING, WHITE) if dot.marked else (WHITE, INK)
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill, outline=edge, width=6)
        style = Style(4 * _DOT.size_px, WHITE if dot.marked else INK, bold=True)
        text = str(dot.number)
        draw_line(layer, (round(x - text_width(text, style) / 2), round(y - 0.62 * style.size_px)), text, style)
    smooth = layer.resize(drawing.size, Image.Resampling.LANCZOS)
    drawing.paste(smooth, (0, 0), smooth)


def _draw_matrix(values: VarianceValues) -> Image.Image:
    matrix = view_matrix(values)
    edge = 34
    cell = (_DRAWING - edge) / matrix.count
    side = _DRAWING - edge
    drawing = Image.new("RGB", (_DRAWING, _DRAWING), WHITE)
    shades = Image.fromarray(shade(values.report.distances))
    drawing.paste(shades.resize((side, side), Image.Resampling.NEAREST), (edge, edge))
    label = Style(round(min(17, max(10, cell * 0.7))), QUIET)
    for position, number in matrix.labels:
        middle = edge + (position + 0.5) * cell
        _draw_centred(drawing, (middle, edge / 2), str(number), label)
        _draw_centred(drawing, (edge / 2, middle), str(number), label)
    for one in matrix.values:
        at = (edge + (one.column + 0.5) * cell, edge + (one.row + 0.5) * cell)
        ink = readable_ink(float(values.report.distances[one.row, one.column]))
        _draw_centred(drawing, at, one.text, Style(round(min(18, cell * 0.4)), ink))
    return drawing


def _draw_centred(picture: Image.Image, at: tuple[float, float], text: str, style: Style) -> None:
    left = round(at[0] - text_width(text, style) / 2)
    draw_line(picture, (left, round(at[1] - 0.62 * style.size_px)), text, style)
