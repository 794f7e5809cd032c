"""The doctor names every line of the lock, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.actions.runs import execute

from renderlock.actions.doctor import Line, examine, is_healthy
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions


def visit(path: Path) -> dict[str, Line]:
    with Models(EngineOptions()) as models:
        return {line.subject: line for line in examine(read_pipeline(Place(path)), models)}


def test_a_locked_project_on_its_machine_is_healthy_line_by_line(locked: Path) -> None:
    lines = visit(locked)
    assert is_healthy(tuple(lines.values()))
    facts = json.loads(locked.with_name("pipeline.lock").read_text())
    for name in facts["environment"]["facts"]:
        assert lines[name].health == "ok"
    for path in facts["models"]["final"]["identity"]["files"]:
        assert lines[f"final file {path}"].health == "ok"


def test_a_locked_upscaler_is_examined_too(pipeline_path: Path) -> None:
    pipeline_path.write_text(f"upscaler: lanczos\n{pipeline_path.read_text()}")
    with Models(EngineOptions()) as models:
        lock_pipeline(read_pipeline(Place(pipeline_path)), models)

    lines = visit(pipeline_path)

    assert lines["upscaler surface"].health == "ok"
    assert is_healthy(tuple(lines.values()))


def test_a_missing_lock_is_broken(pipeline_path: Path) -> None:
    lines = visit(pipeline_path)
    assert lines["pipeline.lock"].health == "broken"


def test_a_changed_file_is_broken_and_named(locked: Path) -> None:
    lock = locked.with_name("pipeline.lock")
    fields = json.loads(lock.read_text())
    name = min(fields["models"]["review"]["identity"]["files"])
    fields["models"]["review"]["identity"]["files"][name] = "sha256:" + "1" * 64
    lock.write_text(json.dumps(fields))
    lines = visit(locked)
    assert lines[f"review file {name}"].health == "broken"
    assert not is_healthy(tuple(lines.values()))


def test_a_model_that_is_gone_is_broken(locked: Path) -> None:
    lock = locked.with_name("pipeline.lock")
    lock.write_text(lock.read_text().replace('"reference": "embedded"', '"reference": "embedded:v77"'))
    lines = visit(locked)
    assert any(line.health == "broken" and "v77" in line.detail for line in lines.values())


def test_a_folder_that_is_no_store_is_broken(locked: Path) -> None:
    folder = locked.parent / ".renderlock"
    folder.mkdir()
    (folder / "holiday.txt").write_text("not a store")
    assert visit(locked)["store"].health == "broken"


def test_a_used_store_is_ok(locked: Path) -> None:
    execute(locked)
    lines = visit(locked)
    assert lines["store"].health == "ok"
    assert "GiB free" in lines["disk"].detail
