"""The reports as pictures: bounded, complete, and with their warnings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.actions.drawn_variants import (
    HOSTILE,
    RED,
    cells_of,
    draw_variant,
    five_variants,
    sheet_values,
    variance_values,
)

from renderlock.actions.pages.contact_sheet_picture import draw_contact_sheet_png
from renderlock.actions.pages.variance_picture import draw_variance_png
from renderlock.actions.report_values import ContactSheetValues, SheetRow
from renderlock.errors import InputUnusable
from renderlock.imaging.picture_grid import GROUND, WARNING
from renderlock.imaging.pixels import Pixels
from renderlock.spec.deviation import Deviation
from renderlock.spec.standing import Standing


def _share_of(picture: Pixels, colour: tuple[int, int, int]) -> float:
    return float((picture == np.array(colour)).all(axis=2).mean())


@pytest.mark.parametrize("count", [1, 2, 5, 70])
def test_the_variance_picture_has_a_fixed_width_and_holds_the_pictures(count: int) -> None:
    pictures = [draw_variant(0.3 + 0.4 * at / count, 0.5) for at in range(count)]
    drawn = draw_variance_png(variance_values(pictures))
    assert drawn.shape[1] <= 1600
    assert drawn.shape[0] <= 8192
    assert drawn.dtype == np.uint8
    assert _share_of(drawn, RED) > 0.001


@pytest.mark.parametrize("standing", [Standing.REHEARSAL, Standing.SANDBOX])
def test_a_warning_crosses_what_is_no_production(standing: Standing) -> None:
    warned = draw_variance_png(variance_values(five_variants(), standing))
    plain = draw_variance_png(variance_values(five_variants()))
    assert _share_of(warned[:48], WARNING) > 0.5
    assert _share_of(plain[:48], WARNING) == 0


def test_ten_pictures_of_an_asset_stand_in_two_full_rows_of_five() -> None:
    rows = [SheetRow("a", "", cells_of([draw_variant(0.5, 0.5)] * count)) for count in (5, 10)]
    five, ten = (draw_contact_sheet_png(ContactSheetValues("t", (row,))) for row in rows)
    # A second row of the same height, and nothing else, is what ten have more than five.
    cell = (1600 - 2 * 56 - 4 * 20) // 5
    assert cell < ten.shape[0] - five.shape[0] < cell + 80


def test_each_picture_of_a_rehearsal_is_stamped() -> None:
    warned = draw_contact_sheet_png(sheet_values(Standing.REHEARSAL))[48:]
    plain = draw_contact_sheet_png(sheet_values())
    assert _share_of(warned, WARNING) > 0.001
    assert _share_of(plain, WARNING) == 0


def test_the_contact_sheet_grows_with_its_assets() -> None:
    values = sheet_values()
    one, all_rows = (draw_contact_sheet_png(replace(values, rows=rows)) for rows in (values.rows[:1], values.rows))
    assert one.shape[0] < all_rows.shape[0]
    assert one.shape[1] == all_rows.shape[1] == 1600


def test_what_differs_from_what_was_asked_is_said_once_below_the_pictures() -> None:
    def drawn(*deviations: Deviation) -> Pixels:
        cells = tuple(replace(cell, deviations=deviations) for cell in cells_of(five_variants()))
        return draw_contact_sheet_png(ContactSheetValues("t", (SheetRow("hero", "", cells),)))

    size = Deviation("size", "512x512", "512x512, made at 1024x1024 and reduced by 2", "it lists 78 sizes")
    heights = [len(drawn()), len(drawn(size)), len(drawn(size, replace(size, field="seed")))]
    assert heights[0] < heights[1] < heights[2]


def test_a_sheet_of_nothing_is_a_picture() -> None:
    drawn = draw_contact_sheet_png(ContactSheetValues("empty", ()))
    assert tuple(drawn[-1, -1]) == GROUND


def test_very_many_assets_and_pictures_stay_within_the_bound() -> None:
    pictures = cells_of([draw_variant(0.5, 0.5, side=32)] * 70)
    rows = (SheetRow("full", "prompt", pictures), *[SheetRow("asset", "prompt", pictures[:1])] * 29)
    drawn = draw_contact_sheet_png(ContactSheetValues("many", rows))
    assert drawn.shape[0] == 8192
    assert drawn.shape[1] <= 1600


def test_hostile_text_is_drawn_and_breaks_nothing() -> None:
    values = variance_values(five_variants())
    hostile = replace(values, title=HOSTILE, prompt=HOSTILE * 300, model=HOSTILE, subtitle="\x00\n" * 9)
    assert draw_variance_png(hostile).shape[1] == 1600


def test_bytes_that_cannot_be_decoded_are_refused_with_the_variant() -> None:
    values = variance_values(five_variants())
    cells = (*values.cells[:4], replace(values.cells[4], picture=b"\x89PNG\r\n\x1a\nbroken"))
    with pytest.raises(InputUnusable) as caught:
        draw_variance_png(replace(values, cells=cells))
    assert "variant 5 (seed 104)" in str(caught.value)
