"""The demo: a small campaign from nothing, run twice, so that a new user sees what is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from renderlock.actions.campaign import RunOptions, default_report_root, open_run, report_run
from renderlock.actions.lock import lock_path_of, lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.project import project_text, write_project
from renderlock.actions.reports import Reports
from renderlock.actions.run import RunResult, RunUnwatched, RunWatch
from renderlock.actions.workspace import PIPELINE_NAME, Place, read_pipeline
from renderlock.engines.base import EngineOptions


@dataclass(frozen=True)
class Demo:
    """What the demo made: the pipeline, its two runs with their whole seconds, and the reports."""

    pipeline: Path
    lock: Path
    first: RunResult
    first_seconds: float
    second: RunResult
    second_seconds: float
    reports: tuple[Reports, ...]

    def to_lines(self) -> tuple[str, ...]:
        """What was made, for a terminal."""
        sheets = [file for reports in self.reports for file in reports.files if file.suffix in (".html", ".png")]
        approved = next((one.record.address for one in self.first.pictures if one.record), "ADDRESS")
        return (
            f"pipeline    {self.pipeline}",
            f"lock        {self.lock}",
            *(f"report      {file}" for file in sheets),
            f"first run   {_counts(self.first)} in {self.first_seconds:.1f} s",
            f"second run  {_counts(self.second)} in {self.second_seconds:.2f} s",
            "next        approve a picture, and the run goes on with its final:",
            f"            cd {self.pipeline.parent} && renderlock approve {approved} && renderlock run",
        )


def _counts(result: RunResult) -> str:
    return f"{result.count('rendered')} rendered, {result.count('cached')} there already"


def run_demo(folder: Path, engines: EngineOptions, *, workers: int | None, watch: RunWatch) -> Demo:
    """Makes the campaign in `folder`, locks it, runs it, reports, and runs it again.

    A folder that holds the campaign already is gone on with. Raises `WouldOverwrite` where the folder holds
    another pipeline, and as locking and running do.
    """
    pipeline_path = _campaign_in(folder)
    pipeline = read_pipeline(Place(pipeline_path))
    with Models(engines) as models:
        lock_pipeline(pipeline, models)
    options = RunOptions(workers=workers)
    started = time.monotonic()
    with open_run(pipeline, engines, options, watch) as run:
        first = run.execute()
        reports = report_run(run, first, default_report_root(pipeline))
    between = time.monotonic()
    with open_run(read_pipeline(Place(pipeline_path)), engines, options, RunUnwatched()) as run:
        second = run.execute()
        report_run(run, second, default_report_root(pipeline))
    ended = time.monotonic()
    return Demo(pipeline_path, lock_path_of(pipeline), first, between - started, second, ended - between, reports)


def _campaign_in(folder: Path) -> Path:
    path = folder / PIPELINE_NAME
    if path.exists() and path.read_bytes() == project_text("campaign"):
        return path
    return write_project(folder, "campaign")
