"""Drawn variants of one prompt, and report values made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from renderlock.actions.report_values import ContactSheetValues, SheetCell, SheetRow, VarianceValues
from renderlock.actions.variance import measure_variance
from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Size
from renderlock.spec.standing import Standing

RED, BLUE = (200, 40, 40), (40, 70, 190)
HOSTILE = "<script>alert(1)</script> \"><img src=x onerror='alert(2)'> {{ 7 * 7 }} \u202egnp.exe\u202c \x00 日本語 😀"


def draw_variant(x: float, y: float, colour: tuple[int, int, int] = RED, side: int = 96) -> Pixels:
    """A textured disc at shares of the frame, on light grey; its texture moves with it."""
    picture = Image.new("RGB", (side, side), (232, 232, 232))
    pen = ImageDraw.Draw(picture)
    reach = 0.18 * side
    left, top = x * side - reach, y * side - reach
    pen.ellipse((left, top, left + 2 * reach, top + 2 * reach), fill=colour)
    pen.rectangle((left + reach * 0.7, top + reach * 0.5, left + reach * 1.1, top + reach * 1.4), fill=(250, 240, 200))
    return np.asarray(picture)


def five_variants() -> list[Pixels]:
    """Five places; the last is far from the others."""
    return [draw_variant(x, y) for x, y in ((0.4, 0.5), (0.45, 0.5), (0.42, 0.46), (0.5, 0.48), (0.75, 0.75))]


def cells_of(pictures: Sequence[Pixels], standing: Standing = Standing.PRODUCTION) -> tuple[SheetCell, ...]:
    """Cells numbered from 1 with seeds from 100."""
    return tuple(
        SheetCell(
            number=number,
            seed=99 + number,
            picture=encode_png(pixels, {}),
            size=Size(pixels.shape[1], pixels.shape[0]),
            model="embedded:v1",
            address=f"rl/{number:04x}",
            digest=f"rl1:{number:064x}",
            standing=standing,
        )
        for number, pixels in enumerate(pictures, 1)
    )


def variance_values(pictures: Sequence[Pixels], standing: Standing = Standing.PRODUCTION) -> VarianceValues:
    """A measured variance report of these pictures."""
    return VarianceValues(
        title="hero",
        prompt="a red disc, studio lighting",
        model="embedded:v1",
        cells=cells_of(pictures, standing),
        report=measure_variance(pictures),
        subtitle="Spring",
        settings=(("Steps", "24"),),
    )


def sheet_values(standing: Standing = Standing.PRODUCTION) -> ContactSheetValues:
    """Two assets, the first with a deviation on its second picture, and one with nothing yet."""
    cells = list(cells_of(five_variants()[:3], standing))
    cells[1] = replace(cells[1], deviations=(Deviation("size", "500x500", "512x512", "multiples of 64"),))
    rows = (
        SheetRow("hero", "a red disc", tuple(cells), negative_prompt="blur", step="quick-pass"),
        SheetRow("icon", "a blue disc", cells_of([draw_variant(0.5, 0.5, BLUE)], standing)),
        SheetRow("scene", "nothing yet", ()),
    )
    return ContactSheetValues("Spring campaign", rows, "lock 3f2a91c")
