"""A picture that shows which border is bad: all borders marked beside themselves, the worst one enlarged below.

A mark never covers the border it marks. The enlargement is shown as it is and with its contrast raised, since a seam of
two levels is plain in print and on a wall and hard to see on a laptop.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from renderlock.imaging.lettering import Style, draw_line, fit_line
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.metrics.reduction import shrink_within
from renderlock.metrics.seams.families import FAMILIES
from renderlock.metrics.seams.lines import SeamLine, describe
from renderlock.metrics.seams.measure import as_levels
from renderlock.metrics.seams.score import LineScore, SeamScore

_SHOWN_SIDE_PX = 1280
_CROP_PX = 96
_PANEL_PX = 384
_GAP_PX = 12
_TEXT = Style(18, (30, 30, 34))
_HEADING = Style(24, (30, 30, 34), bold=True)
_GREEN, _RED = (40, 160, 90), (225, 30, 45)
_PAPER = (246, 246, 244)
_CONTRAST = 6.0


def draw_seams(pixels: Raster, score: SeamScore) -> Pixels:
    """The picture at most 1280 px a side with its borders marked, red where they show, and the worst one enlarged.

    `pixels` are H x W x 1..4 of 8 or 16 bits, those that were scored.
    """
    whole = np.clip(np.rint(as_levels(pixels)), 0, 255).astype(np.uint8)
    shown = shrink_within(whole, _SHOWN_SIDE_PX)
    width = max(shown.shape[1], 2 * _PANEL_PX + _GAP_PX) + 2 * _GAP_PX
    foot = _foot(whole, score, width)
    page = Image.new("RGB", (width, shown.shape[0] + foot.height + 2 * _GAP_PX), _PAPER)
    page.paste(_marked(shown, score, shown.shape[1] / whole.shape[1]), (_GAP_PX, _GAP_PX))
    page.paste(foot, (0, shown.shape[0] + 2 * _GAP_PX))
    return np.asarray(page)


def _marked(shown: Pixels, score: SeamScore, scale: float) -> Image.Image:
    picture = Image.fromarray(shown)
    pen = ImageDraw.Draw(picture)
    for found in sorted(score.lines, key=lambda one: one.value):
        _mark(pen, found, scale)
    return picture


def _mark(pen: ImageDraw.ImageDraw, found: LineScore, scale: float) -> None:
    """Two rails beside the border: thin and green where it does not show, thick and red where it does."""
    line, bad = found.line, found.value > 1.0
    colour, thick, apart = (_RED, 3, 6) if bad else (_GREEN, 1, 3)
    place, start, end = line.position * scale, line.start * scale + 4, line.end * scale - 4
    for rail in (place - apart, place + apart):
        ends = [(rail, start), (rail, end)] if line.axis == "x" else [(start, rail), (end, rail)]
        pen.line(ends, fill=colour, width=thick)


def _foot(whole: Pixels, score: SeamScore, width: int) -> Image.Image:
    """What is said below the picture; with the worst border enlarged where one shows."""
    bad = [line for line in score.lines if line.value > 1.0]
    heading = f"SEAM {score.value:.3f}: {_summary(score, len(bad))}"
    if score.worst is None or score.value <= 1.0:
        foot = Image.new("RGB", (width, 2 * _HEADING.line_px), _PAPER)
        draw_line(foot, (_GAP_PX, 0), fit_line(heading, _HEADING, width - 2 * _GAP_PX), _HEADING)
        return foot
    top = _HEADING.line_px + 2 * _TEXT.line_px
    foot = Image.new("RGB", (width, top + _PANEL_PX + _TEXT.line_px + _GAP_PX), _PAPER)
    texts = (_worst_words(score), f"The worst border enlarged: as it is, and with {_CONTRAST:g} times the contrast.")
    draw_line(foot, (_GAP_PX, 0), fit_line(heading, _HEADING, width - 2 * _GAP_PX), _HEADING)
    for number, text in enumerate(texts):
        at = (_GAP_PX, _HEADING.line_px + number * _TEXT.line_px)
        draw_line(foot, at, fit_line(text, _TEXT, width - 2 * _GAP_PX), _TEXT)
    for number, panel in enumerate(_panels(whole, score.worst.line)):
        foot.paste(panel, (_GAP_PX + number * (_PANEL_PX + _GAP_PX), top))
    return foot


def _summary(score: SeamScore, bad: int) -> str:
    if score.value <= 1.0:
        return "no border shows"
    return f"{bad} of {len(score.lines)} borders show" if bad else "the borders show when taken together"


def _worst_words(score: SeamScore) -> str:
    ratio = score.worst_ratio
    if score.worst is None or ratio is None:
        return ""
    says = {family.name: family.says for family in FAMILIES}[ratio.family]
    return f"Worst: {describe(score.worst.line)}: {says} ({ratio.family} {ratio.channel}, {ratio.value:.1f} times)."


def _panels(whole: Pixels, line: SeamLine) -> tuple[Image.Image, Image.Image]:
    """The calmest stretch of the border, where the eye finds it first, enlarged twice; ticks show where it runs."""
    height, width = whole.shape[:2]
    side = min(_CROP_PX, height, width)
    along = _calmest(whole, line, side)
    x, y = (line.position - side // 2, along) if line.axis == "x" else (along, line.position - side // 2)
    left, top = min(max(x, 0), width - side), min(max(y, 0), height - side)
    crop = whole[top : top + side, left : left + side]
    levels = crop.astype(np.float64)
    raised = np.clip(128 + _CONTRAST * (levels - np.median(levels, axis=(0, 1))), 0, 255)
    place = (line.position - (left if line.axis == "x" else top)) * _PANEL_PX / side
    panels = [_ticked(picture, line, place) for picture in (crop, np.rint(raised).astype(np.uint8))]
    return panels[0], panels[1]


def _calmest(whole: Pixels, line: SeamLine, side: int) -> int:
    near = slice(max(0, line.position - side // 2), line.position + side // 2)
    band = whole[line.start : line.end, near] if line.axis == "x" else whole[near, line.start : line.end].swapaxes(0, 1)
    busy = np.abs(np.diff(band[..., 1].astype(np.float64), axis=0)).mean(axis=1)
    starts = range(0, max(1, len(busy) - side), max(1, side // 4))
    return line.start + min(starts, key=lambda start: float(busy[start : start + side].mean()) if len(busy) else 0.0)


def _ticked(crop: Pixels, line: SeamLine, place: float) -> Image.Image:
    panel = Image.fromarray(crop).resize((_PANEL_PX, _PANEL_PX), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(panel)
    for start, end in ((0, 22), (_PANEL_PX - 22, _PANEL_PX)):
        ends = [(place, start), (place, end)] if line.axis == "x" else [(start, place), (end, place)]
        pen.line(ends, fill=_RED, width=3)
    return panel
