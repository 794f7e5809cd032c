"""Price notes: what a picture of a model costs, by a dated table that is data and can be overridden.

A note is for estimates and budgets; what a provider says a call cost always comes before it. A model without a row has
an unknown price, which is said and never guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from renderlock.errors import InputUnusable, RecipeError
from renderlock.spec.fields import object_at, objects_at, optional_number, text_at
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Size

FORMAT = "renderlock prices 1"
_ACTION = 'Write {"format": "renderlock prices 1", "rows": [{"model": …, "amount": …, "currency": …, "date": …}]}.'


@dataclass(frozen=True)
class PriceNote:
    """What one picture of at most `most_pixels` (None: of any size) costs, by whom and when it was said."""

    model: str
    cost: Cost
    date: str
    source: str
    most_pixels: int | None = None

    def __str__(self) -> str:
        return f"{self.cost} a picture ({self.date}, {self.source})"


def price_of(model: str, size: Size, own: Path | None = None) -> PriceNote | None:
    """The note for a picture of a model (`engine:model`) at a size, the user's own file first; None if unknown.

    A model called on Vertex AI costs what it costs elsewhere, unless it has a row of its own. Raises `InputUnusable`
    where the user's file cannot be used.
    """
    tables: tuple[tuple[PriceNote, ...], ...] = (() if own is None else _read_own(own), our_prices())
    for rows in tables:
        for name in (model, model.replace(":vertex/", ":")):
            fitting = [row for row in rows if row.model == name and _fits(row, size)]
            if fitting:
                return min(fitting, key=_bound)
    return None


@cache
def our_prices() -> tuple[PriceNote, ...]:
    """The rows that ship with renderlock."""
    return _rows((files("renderlock.engines.hosted") / "prices.json").read_text(encoding="utf-8"))


def _read_own(path: Path) -> tuple[PriceNote, ...]:
    try:
        return _rows(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecipeError) as error:
        raise InputUnusable(path=path, reason=error, action=_ACTION) from error


def _rows(text: str) -> tuple[PriceNote, ...]:
    table = object_at({"table": json.loads(text)}, "table")
    if table.get("format") != FORMAT:
        raise RecipeError(field="format", found=repr(table.get("format")), allowed=repr(FORMAT))
    notes = []
    for row in objects_at(table, "rows"):
        most = optional_number(row, "most_pixels")
        source = text_at(row, "source") if "source" in row else "your own price file"
        most_pixels = None if most is None else int(most)
        notes.append(PriceNote(text_at(row, "model"), Cost.from_json(row), text_at(row, "date"), source, most_pixels))
    return tuple(notes)


def _fits(row: PriceNote, size: Size) -> bool:
    return row.most_pixels is None or size.width * size.height <= row.most_pixels


def _bound(row: PriceNote) -> float:
    return float("inf") if row.most_pixels is None else row.most_pixels
