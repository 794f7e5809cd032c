"""The options that many commands share, each described once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.workspace import PIPELINE_NAME, Place
from renderlock.errors import RecipeError
from renderlock.spec.recipe import Size

FileOption = Annotated[Path, typer.Option("--file", "-f", help="The pipeline file.")]
StoreOption = Annotated[Path | None, typer.Option("--store", help="The store folder; default: what the pipeline says.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")]
ProgressOption = Annotated[bool, typer.Option("--progress/--no-progress", help="Show progress on stderr.")]
WorkersOption = Annotated[int | None, typer.Option("-j", "--jobs", min=1, max=256, help="Renders side by side.")]
NameOption = Annotated[
    str | None, typer.Option("--as", help="Who says it; default: RENDERLOCK_USER or the login name.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Why, for whoever reads it later.")]
SizeOption = Annotated[str | None, typer.Option("--size", help="One number, or WIDTHxHEIGHT, in pixels.")]

DEFAULT_FILE = Path(PIPELINE_NAME)


def place_of(file: Path, store: Path | None) -> Place:
    """Where a command works, by its two options."""
    return Place(file, store)


def parse_size(text: str | None) -> Size | None:
    """The size a `--size` names; raises `RecipeError` for any other text."""
    if text is None:
        return None
    sides = re.fullmatch("([0-9]{1,6})(?:x([0-9]{1,6}))?", text.lower())
    if sides is None:
        raise RecipeError(field="size", found=repr(text), allowed="one number, or WIDTHxHEIGHT")
    return Size(int(sides[1]), int(sides[2] or sides[1]))
