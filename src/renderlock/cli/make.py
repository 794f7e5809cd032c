"""`init`, `demo` and `lock`: from nothing to a project whose models are pinned."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.demo import run_demo
from renderlock.actions.lock import ChangeRequest, Locked, change_model, check_lock, lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.project import write_project
from renderlock.actions.workspace import read_pipeline
from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import (
    DEFAULT_FILE,
    FileOption,
    JsonOption,
    NameOption,
    ProgressOption,
    WorkersOption,
    place_of,
)
from renderlock.cli.progress import follow
from renderlock.engines.base import EngineOptions
from renderlock.errors import ChangeIncomplete
from renderlock.settings import current_settings
from renderlock.spec.roles import Role

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder; made where needed.")] = Path(),
) -> None:
    """Start a project: a pipeline.yml to edit, and a .gitignore."""
    path = write_project(folder, "starter")
    answer(f"wrote {path}")
    say("  → Edit its prompts, then: renderlock lock && renderlock run")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the campaign is made.")] = Path("demo"),
    workers: WorkersOption = None,
    progress: ProgressOption = True,
) -> None:
    """Make a small campaign with the embedded engine, from nothing: no key, no GPU, no download."""
    settings = current_settings()
    with follow(shown=progress) as watch:
        made = run_demo(folder, EngineOptions.of(settings), workers=workers, watch=watch)
    for line in made.to_lines():
        answer(line)


@app.command()
def lock(
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 if anything differs.")] = False,
    ignore_machine: Annotated[
        bool, typer.Option("--ignore-machine", help="With --check: another processor or system is no difference.")
    ] = False,
    change: Annotated[Role | None, typer.Option("--change", help="The role whose model is to change.")] = None,
    tag: Annotated[str, typer.Option("--tag", help="With --change upscaler: that of the assets with this tag.")] = "",
    to: Annotated[str, typer.Option("--to", help="With --change: the new model's reference.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="With --change: why.")] = "",
    name: NameOption = None,
    file: FileOption = DEFAULT_FILE,
    json: JsonOption = False,
) -> None:
    """Pin the models of a pipeline, check the pins, or change one on record."""
    settings = current_settings()
    pipeline = read_pipeline(place_of(file, None))
    if change is None and (to or reason or tag):
        raise ChangeIncomplete(missing="--change ROLE")
    if tag and change is not Role.UPSCALER:
        raise ChangeIncomplete(missing="--change upscaler (only upscalers go by tag)")
    with Models(EngineOptions.of(settings)) as models:
        if check:
            differences = check_lock(pipeline, models)
            if ignore_machine:
                differences = tuple(one for one in differences if one.about != "machine")
            _show_check(tuple(map(str, differences)), as_json=json)
        elif change is None:
            _show_lock(lock_pipeline(pipeline, models), as_json=json)
        else:
            if not to:
                raise ChangeIncomplete(missing="--to MODEL")
            request = ChangeRequest(change, to, name or settings.user, reason, datetime.now(UTC), tag)
            _show_lock(change_model(pipeline, models, request), as_json=json)


def _show_check(differences: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        answer_json({"current": not differences, "differences": list(differences)})
    else:
        for line in differences or ("pipeline.lock is current",):
            answer(line)
    if differences:
        raise typer.Exit(1)


def _show_lock(locked: Locked, *, as_json: bool) -> None:
    if as_json:
        answer_json(
            {"path": str(locked.path), "outcome": locked.outcome, "environment": locked.lock.environment.fingerprint}
        )
        return
    answer(f"{locked.path}: {locked.outcome}")
    for slot, model in sorted(locked.lock.slots.items()):
        key = model.identity.key
        answer(f"  {slot!s:<8} {model.reference} = {key.reference}, weights {key.weights[:12] or 'none'}")
