"""`renderlock store …`: looking after the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.workspace import store_path_of
from renderlock.cli.console import answer, answer_json
from renderlock.cli.options import DEFAULT_FILE, FileOption, JsonOption, StoreOption, place_of
from renderlock.store import maintenance
from renderlock.store.store import Store

app = typer.Typer(
    help="Look after the store: check, rebuild, gc, info.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command()
def check(file: FileOption = DEFAULT_FILE, store: StoreOption = None, json: JsonOption = False) -> None:
    """Hash every file again and name what is damaged, missing or not indexed (exit code 1)."""
    with _open(file, store) as opened:
        report = maintenance.check(opened)
    if json:
        findings = [{"kind": one.kind, "path": str(one.path), "reason": one.reason} for one in report.findings]
        answer_json({"sound": report.sound, "renders": report.renders, "blobs": report.blobs, "findings": findings})
    else:
        for finding in report.findings:
            answer(f"{finding.kind}: {finding.path}: {finding.reason}")
        state = "sound" if report.sound else "not sound"
        answer(f"{state}: {report.renders} renders, {report.events} events, {report.blobs} blobs hashed")
    if not report.sound:
        raise typer.Exit(1)


@app.command()
def rebuild(file: FileOption = DEFAULT_FILE, store: StoreOption = None, json: JsonOption = False) -> None:
    """Make the index again from the sidecars and events."""
    with _open(file, store) as opened:
        report = maintenance.rebuild(opened)
    damaged = [f"{finding.path}: {finding.reason}" for finding in report.damaged]
    if json:
        answer_json({"renders": report.renders, "events": report.events, "damaged": damaged})
    else:
        answer(f"indexed {report.renders} renders and {report.events} events")
        for line in damaged:
            answer(f"damaged: {line}")
    if damaged:
        raise typer.Exit(1)


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would go.")] = False,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Remove what nothing refers to, once it is older than an hour."""
    with _open(file, store) as opened:
        report = maintenance.collect_garbage(opened, dry_run=dry_run)
    if json:
        files = [{"path": str(path), "bytes": length} for path, length in report.files]
        answer_json({"files": files, "bytes": report.total_bytes, "removed": report.removed})
        return
    for path, length in report.files:
        answer(f"{length:>12,} {path}")
    word = "removed" if report.removed else "would be removed"
    answer(f"{len(report.files)} file(s), {report.total_bytes:,} bytes {word}")


@app.command()
def info(file: FileOption = DEFAULT_FILE, store: StoreOption = None, json: JsonOption = False) -> None:
    """Say what the store holds."""
    with _open(file, store) as opened:
        found = maintenance.info(opened)
    renders = {standing.value: count for standing, count in found.renders.items()}
    facts: dict[str, object] = {
        "root": str(found.root),
        "format": found.format,
        "schema_version": found.schema_version,
        "renders": renders,
        "events": found.events,
        "blobs": found.blobs,
        "blob_bytes": found.blob_bytes,
        "thumbnail_bytes": found.thumbnail_bytes,
        "index_bytes": found.index_bytes,
    }
    if json:
        answer_json(facts)
        return
    listed = ", ".join(f"{count} {standing}" for standing, count in renders.items()) or "none"
    for name, value in {**facts, "renders": listed}.items():
        answer(f"{name:<16} {value}")


def _open(file: Path, store: Path | None) -> Store:
    return Store.open(store_path_of(place_of(file, store)))
