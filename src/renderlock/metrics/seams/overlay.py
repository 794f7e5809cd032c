"""A picture that shows which border is bad: all borders marked beside themselves, the worst one enlarged below.

A mark never covers the border it marks. Each border that shows has a number, and below the picture stands what is wrong
with it; a frame says where the enlargement is from. A step is shown where the picture is calm and with its contrast
raised, anything else where there is detail and by its detail alone, since that is where the eye finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from renderlock.imaging.lettering import Style, draw_line, fit_line
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.metrics.reduction import shrink_within
from renderlock.metrics.seams.families import FAMILIES
from renderlock.metrics.seams.lines import SeamLine, describe
from renderlock.metrics.seams.measure import as_levels
from renderlock.metrics.seams.score import LineScore, Ratio, SeamScore

_SHOWN_SIDE_PX = 1280
_CROP_PX, _DETAIL_CROP_PX = 96, 64
_MOST_NAMED = 4
_PANEL_PX = 384
_GAP_PX = 12
_TEXT = Style(18, (30, 30, 34))
_NUMBER = Style(18, (255, 255, 255), bold=True)
_HEADING = Style(24, (30, 30, 34), bold=True)
_GREEN, _RED, _FRAME = (40, 160, 90), (225, 30, 45), (255, 205, 40)
_PAPER = (246, 246, 244)
_CONTRAST, _DETAIL_CONTRAST = 6.0, 4.0


def draw_seams(pixels: Raster, score: SeamScore) -> Pixels:
    """The picture at most 1280 px a side with its borders marked, red where they show, and the worst one enlarged.

    `pixels` are H x W x 1..4 of 8 or 16 bits, those that were scored.
    """
    whole = np.clip(np.rint(as_levels(pixels)), 0, 255).astype(np.uint8)
    shown = shrink_within(whole, _SHOWN_SIDE_PX)
    width = max(shown.shape[1], 2 * _PANEL_PX + _GAP_PX) + 2 * _GAP_PX
    foot = _foot(whole, score, width)
    page = Image.new("RGB", (width, shown.shape[0] + foot.height + 2 * _GAP_PX), _PAPER)
    scale = shown.shape[1] / whole.shape[1]
    picture = _marked(shown, score, scale)
    enlarged = _Enlarged.of(whole, score)
    if enlarged is not None:
        _frame(ImageDraw.Draw(picture), enlarged, scale)
    page.paste(picture, (_GAP_PX, _GAP_PX))
    page.paste(foot, (0, shown.shape[0] + 2 * _GAP_PX))
    return np.asarray(page)


def _marked(shown: Pixels, score: SeamScore, scale: float) -> Image.Image:
    picture = Image.fromarray(shown)
    pen = ImageDraw.Draw(picture)
    for found in sorted(score.lines, key=lambda one: one.value):
        _mark(pen, found, scale)
    for number, found in enumerate(_bad(score)[:_MOST_NAMED], start=1):
        _name(picture, found, number, scale)
    return picture


def _bad(score: SeamScore) -> list[LineScore]:
    """The borders that show, worst first."""
    return sorted((line for line in score.lines if line.value > 1.0), key=lambda one: -one.value)


def _frame(pen: ImageDraw.ImageDraw, enlarged: _Enlarged, scale: float) -> None:
    """The corners of the enlarged square, so that the border through its middle stays bare."""
    left, top, side = enlarged.left * scale, enlarged.top * scale, (enlarged.side - 1) * scale
    for x, inwards in ((left, side / 4), (left + side, -side / 4)):
        for y, downwards in ((top, side / 4), (top + side, -side / 4)):
            pen.line([(x + inwards, y), (x, y), (x, y + downwards)], fill=_FRAME, width=2)


def _name(picture: Image.Image, found: LineScore, number: int, scale: float) -> None:
    """A number in red beside the middle of a border."""
    line = found.line
    along, across = (line.start + line.end) / 2 * scale, line.position * scale + 10
    x, y = (across, along) if line.axis == "x" else (along, across)
    side = _TEXT.line_px
    left, top = (int(min(at, length - side)) for at, length in zip((x, y), picture.size, strict=True))
    ImageDraw.Draw(picture).rectangle((left, top, left + side - 1, top + side - 1), fill=_RED)
    draw_line(picture, (left + side // 4, top), str(number), _NUMBER)


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
    heading = f"SEAM {score.value:.3f}, where 1.000 is no seam: {_summary(score)}"
    enlarged = _Enlarged.of(whole, score)
    texts = ["Red borders show, green ones do not.", *_findings(score)]
    if enlarged is not None:
        texts.append(f"Border 1 enlarged where it is framed: as it is, and {enlarged.says}.")
    top = _HEADING.line_px + len(texts) * _TEXT.line_px + _GAP_PX
    foot = Image.new("RGB", (width, top + (_PANEL_PX + _GAP_PX if enlarged is not None else 0)), _PAPER)
    draw_line(foot, (_GAP_PX, 0), fit_line(heading, _HEADING, width - 2 * _GAP_PX), _HEADING)
    for number, text in enumerate(texts):
        at = (_GAP_PX, _HEADING.line_px + number * _TEXT.line_px)
        draw_line(foot, at, fit_line(text, _TEXT, width - 2 * _GAP_PX), _TEXT)
    for number, panel in enumerate(enlarged.panels(whole) if enlarged is not None else ()):
        foot.paste(panel, (_GAP_PX + number * (_PANEL_PX + _GAP_PX), top))
    return foot


def _summary(score: SeamScore) -> str:
    if score.value <= 1.0:
        return "no border shows"
    bad = len(_bad(score))
    return f"{bad} of {len(score.lines)} borders show" if bad else "the borders show when taken together"


def _findings(score: SeamScore) -> list[str]:
    """A line for each numbered border; or what all of them show together."""
    bad = _bad(score)
    found = [
        f"{number}: {describe(one.line)}: {_says(_cause(one.ratios))}."
        for number, one in enumerate(bad[:_MOST_NAMED], start=1)
    ]
    if not bad and score.value > 1.0:
        found.append(f"All of them: {_says(_cause(score.pooled))}.")
    return [*found, f"and {len(bad) - _MOST_NAMED} more."] if len(bad) > _MOST_NAMED else found


def _cause(ratios: Sequence[Ratio]) -> Ratio:
    """The ratio that explains the others: a step where there is one, for it breaks contours and follows slopes too."""
    return max(ratios, key=lambda ratio: (ratio.excess > 0 and ratio.family.startswith("step"), ratio.excess))


def _says(ratio: Ratio) -> str:
    says = {family.name: family.says for family in FAMILIES}[ratio.family]
    return f"{says} ({ratio.family} {ratio.channel}, {ratio.value:.1f} times)"


@dataclass(frozen=True)
class _Enlarged:
    """The square of the picture in which the worst border is shown, and how."""

    line: SeamLine
    left: int
    top: int
    side: int
    detail: bool

    @classmethod
    def of(cls, whole: Pixels, score: SeamScore) -> _Enlarged | None:
        """None where no single border shows."""
        bad = _bad(score)
        if not bad:
            return None
        line, detail = bad[0].line, not _cause(bad[0].ratios).family.startswith("step")
        height, width = whole.shape[:2]
        side = min(_DETAIL_CROP_PX if detail else _CROP_PX, height, width)
        along, across = _stretch(whole, line, side, busiest=detail), line.position - side // 2
        x, y = (across, along) if line.axis == "x" else (along, across)
        return cls(line, min(max(x, 0), width - side), min(max(y, 0), height - side), side, detail)

    @property
    def says(self) -> str:
        """How the second panel is made."""
        if self.detail:
            return f"its detail alone, {_DETAIL_CONTRAST:g} times as strong"
        return f"with {_CONTRAST:g} times the contrast"

    def panels(self, whole: Pixels) -> tuple[Image.Image, Image.Image]:
        """As it is, and raised so that the defect is plain."""
        crop = whole[self.top : self.top + self.side, self.left : self.left + self.side]
        levels = crop.astype(np.float64)
        if self.detail:
            soft = np.asarray(Image.fromarray(crop).filter(ImageFilter.GaussianBlur(3)), np.float64)
            raised = 128 + _DETAIL_CONTRAST * (levels - soft).mean(axis=2, keepdims=True).repeat(3, axis=2)
        else:
            raised = 128 + _CONTRAST * (levels - np.median(levels, axis=(0, 1)))
        place = (self.line.position - (self.left if self.line.axis == "x" else self.top)) * _PANEL_PX / self.side
        shown = (crop, np.rint(np.clip(raised, 0, 255)).astype(np.uint8))
        first, second = (_ticked(picture, self.line, place) for picture in shown)
        return first, second


def _stretch(whole: Pixels, line: SeamLine, side: int, *, busiest: bool) -> int:
    """Where along the border the calmest stretch begins, or the busiest."""
    near = slice(max(0, line.position - side // 2), line.position + side // 2)
    band = whole[line.start : line.end, near] if line.axis == "x" else whole[near, line.start : line.end].swapaxes(0, 1)
    busy = np.abs(np.diff(band[..., 1].astype(np.float64), axis=0)).mean(axis=1)
    if not len(busy):
        return line.start
    starts = range(0, max(1, len(busy) - side), max(1, side // 4))
    sign = -1.0 if busiest else 1.0
    return line.start + min(starts, key=lambda start: sign * float(busy[start : start + side].mean()))


def _ticked(crop: Pixels, line: SeamLine, place: float) -> Image.Image:
    panel = Image.fromarray(crop).resize((_PANEL_PX, _PANEL_PX), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(panel)
    for start, end in ((0, 22), (_PANEL_PX - 22, _PANEL_PX)):
        ends = [(place, start), (place, end)] if line.axis == "x" else [(start, place), (end, place)]
        pen.line(ends, fill=_RED, width=3)
    return panel
