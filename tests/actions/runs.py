"""Running a pipeline file in a test as the command line does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.run import Run, RunResult, RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions


@contextmanager
def run_of(path: Path, options: RunOptions, prompt: str | None = None) -> Iterator[Run]:
    """An opened run of a pipeline file."""
    pipeline = read_pipeline(Place(path), prompt)
    with open_run(pipeline, EngineOptions(), options, RunUnwatched()) as run:
        yield run


def execute(path: Path, options: RunOptions | None = None, prompt: str | None = None) -> RunResult:
    """Runs a pipeline file to its end."""
    with run_of(path, options or RunOptions(), prompt) as run:
        return run.execute()
