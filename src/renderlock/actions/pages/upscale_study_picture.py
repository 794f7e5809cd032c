"""The upscaler study as one picture: the finding, the plot of each factor, the same place by each, the main figures."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from renderlock.actions.pages.pareto import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Plot
from renderlock.actions.pages.strips import (
    BODY,
    HEADING,
    MARGIN,
    ROOM,
    gap_strip,
    grid_strip,
    head_strip,
    stack_strips,
    text_strip,
)
from renderlock.actions.pages.strips import WIDTH as STRIP_WIDTH
from renderlock.actions.pages.upscale_study_page import plot_of
from renderlock.actions.upscale_report_values import Sample, StudyValues, headline_of
from renderlock.actions.upscale_table import Row
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.lettering import Style, draw_line, fit_line, text_width, wrap_lines
from renderlock.imaging.picture_grid import ACCENT, GROUND, INK, QUIET, Cell
from renderlock.imaging.pixels import Pixels

_HEADLINE = Style(34, INK, bold=True)
_LABEL = Style(17, INK)
_TICK = Style(15, QUIET)
_CELL = Style(17, INK)
_COLUMN = Style(15, QUIET, bold=True)
_CARD = (255, 255, 255)
_LINE = (220, 217, 210)
_RED = (192, 54, 44)

_GAP = 28
_PANEL = (ROOM - _GAP) // 2
_SCALE = (_PANEL - 40) / WIDTH
_MOST_SAMPLES = 4
_MOST_COLUMNS = 7
_FIGURES = ("upscaler", "CPU s/MP", "p95 s/MP", "memory", "PSNR", "SSIM", "invented", "gate passes")


def draw_study_png(values: StudyValues) -> Pixels:
    """The study as RGB pixels, at most 1600 x 8192; every figure is in the page."""
    strips = [
        head_strip("UPSCALER STUDY", values.title, (values.subtitle,), notice=""),
        text_strip(wrap_lines(headline_of(values), _HEADLINE, ROOM, most=3), _HEADLINE),
        gap_strip(14),
    ]
    for one in values.classes:
        line = f"{one.name}: {one.choice.upscaler}, {one.choice.reason}"
        strips.append(text_strip(wrap_lines(line, BODY, ROOM, most=2), BODY))
    strips.append(gap_strip(24))
    for start in range(0, len(values.factors), 2):
        strips += [_plots(values, values.factors[start : start + 2]), gap_strip(24)]
    for sample in values.samples[:_MOST_SAMPLES]:
        strips += _sample_strips(sample, values)
    for factor in values.factors:
        strips += [gap_strip(18), text_strip([f"x{factor}"], HEADING), _table(values.at(factor))]
    return stack_strips(strips)


def _plots(values: StudyValues, factors: Sequence[int]) -> Image.Image:
    height = round(HEIGHT * _SCALE) + 80
    strip = Image.new("RGB", (STRIP_WIDTH, height), GROUND)
    for place, factor in enumerate(factors):
        left = MARGIN + place * (_PANEL + _GAP)
        ImageDraw.Draw(strip).rectangle((left, 0, left + _PANEL - 1, height - 1), fill=_CARD, outline=_LINE)
        draw_line(strip, (left + 20, 16), f"x{factor}: time against likeness", HEADING)
        _draw_plot(strip, (left + 20, 62), plot_of(values, factor))
    return strip


def _draw_plot(picture: Image.Image, at: tuple[int, int], plot: Plot) -> None:
    pen = ImageDraw.Draw(picture)

    def to(x: float, y: float) -> tuple[float, float]:
        return at[0] + x * _SCALE, at[1] + y * _SCALE

    for tick in plot.across:
        pen.line((*to(tick.at, TOP), *to(tick.at, HEIGHT - BOTTOM)), fill=_LINE)
        x, y = to(tick.at, HEIGHT - BOTTOM + 6)
        draw_line(picture, (round(x - text_width(tick.text, _TICK) / 2), round(y)), tick.text, _TICK)
    for tick in plot.upwards:
        pen.line((*to(LEFT, tick.at), *to(WIDTH - RIGHT, tick.at)), fill=_LINE)
        x, y = to(LEFT - 8, tick.at)
        draw_line(picture, (round(x - text_width(tick.text, _TICK)), round(y - 10)), tick.text, _TICK)
    legend = "across: CPU seconds a megapixel; upwards: SSIM to the original; red cross: refused by the gate"
    x, y = to(0, HEIGHT - 20)
    draw_line(picture, (round(x), round(y)), fit_line(legend, _TICK, _PANEL - 40), _TICK)
    pen.line([to(x, y) for x, y in plot.front], fill=ACCENT, width=2)
    for point in plot.points:
        x, y = to(point.x, point.y)
        if point.refused:
            pen.line((x - 7, y - 7, x + 7, y + 7), fill=_RED, width=4)
            pen.line((x - 7, y + 7, x + 7, y - 7), fill=_RED, width=4)
        else:
            pen.ellipse((x - 8, y - 8, x + 8, y + 8), fill=ACCENT if point.on_front else _CARD, outline=ACCENT, width=3)
        label = fit_line(point.label, _LABEL, 240)
        shift = -14 - text_width(label, _LABEL) if point.to_the_left else 14
        draw_line(picture, (round(x + shift), round(to(0, point.label_y)[1] - 17)), label, _LABEL)


def _sample_strips(sample: Sample, values: StudyValues) -> list[Image.Image]:
    cells = [
        Cell(decode_picture(data), number, " · ".join(filter(None, (label, sample.note_on(label, values)))))
        for number, (label, data) in enumerate(sample.crops, 1)
    ]
    title = fit_line(f"{sample.asset_class}, x{sample.factor}: the same place by each", HEADING, ROOM)
    return [text_strip([title], HEADING), grid_strip(cells, min(_MOST_COLUMNS, len(cells))), gap_strip(12)]


def _table(rows: Sequence[Row]) -> Image.Image:
    lines = [_FIGURES, *(_figures(row) for row in rows)]
    strip = Image.new("RGB", (STRIP_WIDTH, len(lines) * 32 + 8), GROUND)
    width = ROOM // len(_FIGURES)
    for index, line in enumerate(lines):
        style = _CELL if index else _COLUMN
        for column, text in enumerate(line):
            shown = fit_line(text, style, width - 10)
            shift = 0 if column == 0 else width - 10 - text_width(shown, style)
            draw_line(strip, (MARGIN + column * width + shift, index * 32 + 4), shown, style)
        ImageDraw.Draw(strip).line((MARGIN, index * 32 + 31, MARGIN + ROOM, index * 32 + 31), fill=_LINE)
    return strip


def _figures(row: Row) -> tuple[str, ...]:
    return (
        row.upscaler,
        f"{row.cpu_s:.3g}",
        f"{row.p95_s:.3g}",
        _memory(row),
        f"{row.psnr_db:.2f} dB",
        f"{row.ssim:.3f}",
        f"{row.invented:.3f}",
        f"{row.pass_rate:.0%}",
    )


def _memory(row: Row) -> str:
    if row.peak_bytes is None:
        return "-"
    return f"{row.peak_bytes / 2**20:.0f} MiB" if row.peak_bytes >= 2**20 else "< 1 MiB"
