"""`approve`, `reject`, `show`, `replay` and `import`: what people do with renders that are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.import_pictures import ImportProgress, import_pictures
from renderlock.actions.picture_files import refuse_unreadable
from renderlock.actions.replay import Replay, replay
from renderlock.actions.review import Decision, Signature, Word, decide, standing_decision, undo_decision
from renderlock.actions.user_files import write_new_file
from renderlock.actions.verdicts import verdict_lines
from renderlock.actions.workspace import budget_of, open_models, store_path_of
from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import (
    DEFAULT_FILE,
    FileOption,
    JsonOption,
    NameOption,
    NoteOption,
    ProgressOption,
    StoreOption,
    WorkersOption,
    place_of,
)
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.settings import current_settings
from renderlock.store.records import Event, RenderRecord
from renderlock.store.store import Store

app = typer.Typer(rich_markup_mode=None, add_completion=False)

IMPORT_LINE_EVERY = 100

AddressArgument = Annotated[str, typer.Argument(help="A render: rl-… (4 characters after it suffice) or its digest.")]
AddressesArgument = Annotated[list[str], typer.Argument(help="Renders: rl-… (4 characters after it suffice).")]
UndoOption = Annotated[bool, typer.Option("--undo", help="Take back the decision that stands.")]


def _add_decision(word: Word, summary: str) -> None:
    """Adds the command that says this word about renders, or takes back what stands."""

    @app.command(word, help=summary)
    def say_so(
        addresses: AddressesArgument,
        name: NameOption = None,
        note: NoteOption = "",
        undo: UndoOption = False,
        file: FileOption = DEFAULT_FILE,
        store: StoreOption = None,
    ) -> None:
        by = current_settings().user if name is None else name
        with _open(file, store) as opened:
            _decide(opened, addresses, None if undo else word, (Signature(by, datetime.now(UTC)), note))


_add_decision("approve", "Say that a render is approved; the next `run` goes on with what that releases.")
_add_decision("reject", "Say that a render is rejected.")


@app.command()
def show(
    address: AddressArgument,
    out: Annotated[Path | None, typer.Option("--out", help="Copy the picture to this file.")] = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Show a render: its recipe, its decisions, its files."""
    with _open(file, store) as opened:
        record = opened.get(address)
        events = opened.events(record.address)
        path = opened.path_of(record)
        sent = opened.layout.blob(*record.original) if record.original else None
        verdicts = [f"verdict      {line}" for line in verdict_lines(opened, events)]
        kept = [f"file         {one.name}: {opened.layout.blob(one.blob, one.media_type)}" for one in record.files]
        if out is not None:
            write_new_file(out, opened.read(record))
    if json:
        answer_json(_record_json(record, events, path))
    else:
        original = () if sent is None else (f"original     {sent}  (as the provider sent it)",)
        for line in (*_record_lines(record, events, path), *original, *kept, *verdicts):
            answer(line)


@app.command("replay")
def replay_command(
    address: AddressArgument,
    model: Annotated[str | None, typer.Option("--model", help="Where the model is now, if it moved.")] = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Render a picture again and say how equal it came out (exit code 1 if it drifted)."""
    options, budget = EngineOptions.of(current_settings()), budget_of(place_of(file, store))
    with _open(file, store) as opened, open_models(opened, options, budget=budget, purpose="replay") as models:
        found = replay(opened, models, address, reference=model, watch=Unwatched())
    if json:
        answer_json(_replay_json(found))
    else:
        for line in _replay_lines(found):
            answer(line)
    if found.level.sameness == "drifted":
        raise typer.Exit(1)


@app.command("import")
def import_command(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures, or one picture.")],
    recursive: Annotated[bool, typer.Option("--recursive/--flat", help="Look into folders within it.")] = True,
    skip_plain: Annotated[bool, typer.Option("--skip-plain", help="Leave out pictures without metadata.")] = False,
    workers: WorkersOption = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
    progress: ProgressOption = True,
) -> None:
    """Take old pictures of other tools into the store; their metadata is read, their files stay as they are."""
    refuse_unreadable(folder)
    with Store.create(store_path_of(place_of(file, store))) as opened:
        report = import_pictures(
            folder,
            opened,
            recursive=recursive,
            skip_plain=skip_plain,
            jobs=workers or 0,
            on_progress=_say_progress if progress else None,
        )
    if json:
        answer_json(report.to_json())
    else:
        answer(report.summary())


def _decide(store: Store, addresses: Sequence[str], word: Word | None, said: tuple[Signature, str]) -> None:
    signature, note = said
    known = [store.get(address).address for address in addresses]
    for address in known:
        if word is None:
            stands = undo_decision(store, address, signature, note)
            answer(f"{address}: taken back by {signature.by}; {_decision_text(stands)}")
        else:
            answer(f"{address}: {_decision_text(decide(store, address, word, signature, note))}")


def _decision_text(decision: Decision | None) -> str:
    if decision is None:
        return "no decision stands"
    word = {"approve": "approved", "reject": "rejected"}[decision.word]
    note = f" ({decision.note})" if decision.note else ""
    return f"{word} by {decision.by}, {decision.at:%Y-%m-%d %H:%M} UTC{note}"


def _open(file: Path, store: Path | None) -> Store:
    return Store.open(store_path_of(place_of(file, store)))


def _record_lines(record: RenderRecord, events: tuple[Event, ...], path: Path) -> list[str]:
    made, origin = record.made, record.origin
    lines = [
        f"address      {record.address}",
        f"standing     {record.standing.value}",
        f"picture      {path}  ({record.size}, {record.blob_bytes:,} bytes)",
        f"from         {origin.project} / {origin.step} / {origin.asset} ({origin.role})",
        f"made         {made.created:%Y-%m-%d %H:%M:%S} UTC on {made.host} in {made.seconds:.2f} s",
        f"environment  {made.environment}",
        f"decision     {_decision_text(standing_decision(events))}",
    ]
    if record.recipe is not None:
        lines += [f"digest       {record.digest}", "recipe"]
        lines += [f"  {name:<16} {value}" for name, value in sorted(record.recipe.to_json().items())]
    lines += [f"deviation    {deviation}" for deviation in record.deviations]
    lines += [f"source       {name}: {text}" for name, text in record.source]
    return lines


def _record_json(record: RenderRecord, events: tuple[Event, ...], path: Path) -> dict[str, object]:
    said = [{"id": one.id, "by": one.by, "at": one.at.isoformat(), **dict(one.fields)} for one in events]
    return {**record.to_json(), "path": str(path), "events": said, "decision": _decision_json(events)}


def _decision_json(events: tuple[Event, ...]) -> dict[str, str] | None:
    decision = standing_decision(events)
    if decision is None:
        return None
    at = decision.at.isoformat()
    return {"decision": decision.word, "by": decision.by, "at": at, "note": decision.note}


def _replay_lines(found: Replay) -> list[str]:
    lines = [f"{found.record.address}: {found.level.sameness} ({found.level.value})"]
    if found.measures is not None:
        measures = found.measures
        lines.append(f"SSIM {measures.ssim:.4f}, MAE {measures.mae:.3f}/255, PDQ {measures.pdq_bits}/256 bits")
    if not found.same_environment:
        lines.append(f"environment: made on {found.record.made.environment}, replayed on {found.environment}")
    return lines + list(found.notes)


def _replay_json(found: Replay) -> dict[str, object]:
    measures = found.measures
    return {
        "address": found.record.address,
        "sameness": found.level.sameness,
        "level": found.level.value,
        "measures": None
        if measures is None
        else {
            "ssim": measures.ssim,
            "mae": measures.mae,
            "pdq_bits": measures.pdq_bits,
            "pdq_quality": measures.pdq_quality,
        },
        "notes": list(found.notes),
        "environment": found.environment,
        "same_environment": found.same_environment,
    }


def _say_progress(progress: ImportProgress) -> None:
    """A line each hundred pictures, and the last."""
    if progress.done % IMPORT_LINE_EVERY == 0 or progress.done == progress.total:
        say(f"{progress.done} of {progress.total} files")
