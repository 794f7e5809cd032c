"""The files of reports: contact sheets and variance reports, drawn and measured when their bytes are asked for.

Drawing and measuring load scipy, which takes longer than a whole run with nothing to do: only who makes a report
imports this module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from renderlock.actions.pages.contact_sheet_picture import draw_contact_sheet_png
from renderlock.actions.pages.html import render_contact_sheet_html, render_variance_html
from renderlock.actions.pages.variance_picture import draw_variance_png
from renderlock.actions.report_values import ContactSheetValues, SheetCell, SheetRow, VarianceValues
from renderlock.actions.shown import Shown
from renderlock.actions.variance import measure_variance
from renderlock.actions.variance_texts import variance_to_json
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import encode_png
from renderlock.store.store import Store

CELLS_A_PAGE = 200


@dataclass(frozen=True)
class Part:
    """Files of the reports that are made together: their names, and what makes their bytes in that order."""

    names: tuple[str, ...]
    make: Callable[[], Iterator[bytes]]


def plan_sheets(store: Store, shown: Sequence[Shown], title: str) -> Iterator[Part]:
    """Contact sheets of at most `CELLS_A_PAGE` pictures each."""
    for page, start in enumerate(range(0, len(shown), CELLS_A_PAGE), 1):
        name = "contact-sheet" if len(shown) <= CELLS_A_PAGE else f"contact-sheet-{page}"
        pictures = shown[start : start + CELLS_A_PAGE]
        yield Part((f"{name}.html", f"{name}.png"), partial(_sheet, store, pictures, title))


def _sheet(store: Store, shown: Sequence[Shown], title: str) -> Iterator[bytes]:
    rows = tuple(
        SheetRow(asset.name, asset.prompt, _cells(store, list(pictures)), asset.negative_prompt)
        for asset, pictures in groupby(shown, key=lambda one: one.asset)
    )
    values = ContactSheetValues(title, rows)
    yield render_contact_sheet_html(values).encode()
    yield encode_png(draw_contact_sheet_png(values), {})


def plan_variances(store: Store, shown: Sequence[Shown], title: str) -> Iterator[Part]:
    """A variance report an asset that has at least two pictures."""
    for asset, group in groupby(shown, key=lambda one: one.asset):
        pictures, name = list(group), f"variance-{asset.name}"
        if len(pictures) > 1:
            names = (f"{name}.html", f"{name}.png", f"{name}.json")
            yield Part(names, partial(_variance, store, pictures, f"{title}: {asset.name}"))


def _variance(store: Store, pictures: Sequence[Shown], title: str) -> Iterator[bytes]:
    values = variance_values(store, pictures, title)
    yield render_variance_html(values).encode()
    yield encode_png(draw_variance_png(values), {})
    yield json.dumps(variance_to_json(values), indent=2, ensure_ascii=False).encode()


def variance_values(store: Store, pictures: Sequence[Shown], title: str) -> VarianceValues:
    """What a variance report of these pictures of one asset shows, measured now."""
    first = pictures[0]
    pixels = [decode_picture(store.read(one.record)) for one in pictures]
    recipe = first.record.recipe
    settings = (
        ("size", str(first.record.size)),
        ("steps", "" if recipe is None or recipe.steps is None else str(recipe.steps)),
        ("guidance scale", "" if recipe is None or recipe.guidance_scale is None else f"{recipe.guidance_scale:g}"),
        ("sampler", "" if recipe is None or recipe.sampler is None else recipe.sampler),
    )
    return VarianceValues(
        title=title,
        prompt=first.asset.prompt,
        model=first.model,
        cells=_cells(store, pictures),
        report=measure_variance(pixels),
        settings=tuple((name, text) for name, text in settings if text),
    )


def _cells(store: Store, pictures: Sequence[Shown]) -> tuple[SheetCell, ...]:
    return tuple(
        SheetCell(
            number=number,
            seed=one.seed,
            picture=store.thumbnail(one.record, 512).read_bytes(),
            size=one.record.size,
            model=one.model,
            address=one.record.address,
            digest=one.record.digest or "",
            deviations=one.record.deviations,
            standing=one.record.standing,
            verdicts=one.verdicts,
        )
        for number, one in enumerate(pictures, 1)
    )
