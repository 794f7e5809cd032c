"""`describe`: what a provider sees in a picture, in words."""

from __future__ import annotations

from typing import Annotated

import typer

from renderlock.actions.describing import describe_picture
from renderlock.actions.plan import REHEARSAL_MODEL
from renderlock.actions.workspace import budget_of, open_models, store_path_of
from renderlock.cli.console import answer, answer_json
from renderlock.cli.options import DEFAULT_FILE, FileOption, JsonOption, StoreOption, place_of
from renderlock.engines.base import EngineOptions
from renderlock.settings import current_settings
from renderlock.store.store import Store

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def describe(
    picture: Annotated[str, typer.Argument(help="A picture file, or a render: rl-….")],
    model: Annotated[str, typer.Option("--model", "-m", help="A model that describes pictures.")] = "ideogram-v2",
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a provider sees in a picture; a paid call, made once for each picture and model."""
    place, settings = place_of(file, store), current_settings()
    model = REHEARSAL_MODEL if settings.rehearse else model
    with (
        Store.create(store_path_of(place)) as opened,
        open_models(opened, EngineOptions.of(settings), budget=budget_of(place)) as models,
    ):
        found = describe_picture(opened, models, model, picture)
    if json:
        cost = None if found.cost is None else found.cost.to_json()
        answer_json({"picture": picture, "model": model, "texts": list(found.texts), "cost": cost, "call": found.call})
        return
    for text in found.texts:
        answer(text)
