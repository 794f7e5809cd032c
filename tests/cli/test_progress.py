"""How a run is followed: bars that end where the pictures do, lines that say what happened."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn
from tests.actions.runs import run_of
from tests.cli.calls import call

from renderlock.actions.campaign import RunOptions
from renderlock.cli.live_table import LiveTable
from renderlock.cli.progress import PlainLines


@pytest.fixture
def locked(pipeline_path: Path) -> Path:
    call(pipeline_path.parent, "lock")
    return pipeline_path


def test_every_bar_ends_at_the_number_of_its_pictures(locked: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with Progress(TextColumn("{task.fields[note]}"), console=console) as progress:
        with run_of(locked, RunOptions(workers=2)) as run:
            run.watch = LiveTable(progress)
            run.execute()
        bars = {task.description: (task.completed, task.total, task.fields["note"]) for task in progress.tasks}
    assert bars["quick-pass"][:2] == (4, 4)
    assert bars["play"][:2] == (4, 4)
    assert bars["quick-pass"][2].endswith("it/s")
    assert bars["final-render"] == (0, 2, "2 held")


def test_plain_lines_name_each_picture_once(locked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with run_of(locked, RunOptions()) as run:
        run.watch = PlainLines()
        result = run.execute()
    lines = capsys.readouterr().err
    assert all(lines.count(one.record.address) == 1 for one in result.pictures if one.record)
    assert "final-render: 0 to render, 0 there, 2 held" in lines
