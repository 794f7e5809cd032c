"""The reports of a run: a contact sheet a step and a variance report an asset, as HTML and PNG files.

They are made again only when the pictures they show have changed, so that a run with nothing to do reads
one small file a step and no picture.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from renderlock.actions.pages.contact_sheet_picture import draw_contact_sheet_png
from renderlock.actions.pages.html import render_contact_sheet_html, render_variance_html
from renderlock.actions.pages.variance_picture import draw_variance_png
from renderlock.actions.report_stamp import (
    REPORT_FORMAT,
    Stamp,
    read_stamp,
    refuse_foreign,
    remove_left_over,
    write_stamp,
)
from renderlock.actions.report_values import ContactSheetValues, SheetCell, SheetRow, VarianceValues
from renderlock.actions.user_files import write_user_file
from renderlock.actions.variance import measure_variance
from renderlock.actions.variance_texts import variance_to_json
from renderlock.imaging.pixels import decode_picture, encode_png
from renderlock.spec.canonical import canonical_sha256
from renderlock.spec.pipeline import Asset
from renderlock.spec.standing import Standing
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

REPORT_FOLDER = "reports"
CELLS_A_PAGE = 200


@dataclass(frozen=True)
class Shown:
    """One picture of a report: the asset it is of, and its record."""

    asset: Asset
    record: RenderRecord

    @property
    def seed(self) -> int:
        """The seed of its recipe; an imported picture has none and counts as 0."""
        return self.record.recipe.seed if self.record.recipe else 0


@dataclass(frozen=True)
class Reports:
    """The files of one step's reports, and whether they were made now or were there."""

    folder: Path
    files: tuple[Path, ...]
    made: bool


def write_reports(store: Store, shown: Sequence[Shown], folder: Path, *, title: str) -> Reports:
    """Contact sheets and variance reports of these pictures, in `folder`, unless they are there already.

    Pictures come grouped by asset. An asset with one picture has no variance. Reports of before that are not made
    any more are removed. Raises `StoreDamaged` where a picture cannot be read, `WouldOverwrite` where a file of the
    same name is no report, `FileUnwritable`.
    """
    inputs = _inputs(shown, title)
    before = read_stamp(folder)
    if before.inputs == inputs and before.is_whole(folder):
        return Reports(folder, tuple(folder / name for name in before.files), made=False)
    parts = (*_sheets(store, shown, title), *_variances(store, shown, title))
    names = [name for part in parts for name in part.names]
    refuse_foreign(folder, names, before)
    # Said before the first file is written: should this process be killed, the next one knows them as its own.
    write_stamp(folder, Stamp("", {**before.files, **dict.fromkeys(names, 0)}))
    lengths: dict[str, int] = {}
    for part in parts:
        for name, data in zip(part.names, part.make(), strict=True):
            write_user_file(folder / name, data)
            lengths[name] = len(data)
    remove_left_over(folder, before.files.keys() - lengths.keys())
    write_stamp(folder, Stamp(inputs, lengths))
    return Reports(folder, tuple(folder / name for name in lengths), made=True)


def _inputs(shown: Sequence[Shown], title: str) -> str:
    """One hash over everything a report shows."""
    pictures = [[one.asset.name, one.asset.prompt, one.asset.negative_prompt, one.record.address] for one in shown]
    return canonical_sha256({"format": REPORT_FORMAT, "title": title, "pictures": pictures})


@dataclass(frozen=True)
class _Part:
    """Files of the reports that are made together: their names, and what makes their bytes in that order."""

    names: tuple[str, ...]
    make: Callable[[], Iterator[bytes]]


def _sheets(store: Store, shown: Sequence[Shown], title: str) -> Iterator[_Part]:
    """Contact sheets of at most `CELLS_A_PAGE` pictures each."""
    for page, start in enumerate(range(0, len(shown), CELLS_A_PAGE), 1):
        name = "contact-sheet" if len(shown) <= CELLS_A_PAGE else f"contact-sheet-{page}"
        pictures = shown[start : start + CELLS_A_PAGE]
        yield _Part((f"{name}.html", f"{name}.png"), partial(_sheet, store, pictures, title))


def _sheet(store: Store, shown: Sequence[Shown], title: str) -> Iterator[bytes]:
    rows = tuple(
        SheetRow(asset.name, asset.prompt, _cells(store, list(pictures)), asset.negative_prompt)
        for asset, pictures in groupby(shown, key=lambda one: one.asset)
    )
    values = ContactSheetValues(title, rows)
    yield render_contact_sheet_html(values).encode()
    yield encode_png(draw_contact_sheet_png(values), {})


def _variances(store: Store, shown: Sequence[Shown], title: str) -> Iterator[_Part]:
    """A variance report an asset that has at least two pictures."""
    for asset, group in groupby(shown, key=lambda one: one.asset):
        pictures, name = list(group), f"variance-{asset.name}"
        if len(pictures) > 1:
            names = (f"{name}.html", f"{name}.png", f"{name}.json")
            yield _Part(names, partial(_variance, store, pictures, f"{title}: {asset.name}"))


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
        model=_model_of(first.record),
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
            model=_model_of(one.record),
            address=one.record.address,
            digest=one.record.digest or "",
            deviations=one.record.deviations,
            standing=one.record.standing,
        )
        for number, one in enumerate(pictures, 1)
    )


def _model_of(record: RenderRecord) -> str:
    if record.recipe is None:
        return dict(record.source).get("model", "unknown")
    return record.recipe.model.reference


def report_folder(root: Path, step: str, *, standing: Standing, partial: bool) -> Path:
    """Where a step's reports go: rehearsals and runs over a part of the assets do not overwrite the whole."""
    base = root / standing.value if standing is Standing.REHEARSAL else root
    return base / step / "selection" if partial else base / step
