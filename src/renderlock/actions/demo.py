"""The demo: a small campaign from nothing, run twice, then two finals, so that a new user sees what is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from renderlock.actions.campaign import RunOptions, default_report_root, export_pictures, open_run, report_run
from renderlock.actions.jobs import Selection
from renderlock.actions.lock import lock_path_of, lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.project import project_text, write_project
from renderlock.actions.reports import Reports
from renderlock.actions.review import Signature, decide
from renderlock.actions.run import PictureResult, RunResult, RunUnwatched, RunWatch
from renderlock.actions.verdicts import prove_reader
from renderlock.actions.workspace import PIPELINE_NAME, Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.errors import MissingDependency
from renderlock.spec.pipeline import Pipeline
from renderlock.store.store import Store
from renderlock.upscalers.base import UpscalerOptions
from renderlock.upscalers.table import open_upscaler

CHOSEN = {"scene-with-caption": 5, "icon-set": 1}
"""The seeds that the demo approves, by asset: a person would choose them on the contact sheet."""

UPSCALER, WITHOUT_UPSCALER = b"upscaler: waifu2x\n", b"upscaler: lanczos\n"
TEXT = b"    text: [SAIL INTO AUTUMN]\n"
FINALS_FOLDER = "finals"


@dataclass(frozen=True)
class Timed:
    """A run and its whole seconds, reports included."""

    result: RunResult
    seconds: float

    def __str__(self) -> str:
        counts = f"{self.result.count('rendered')} rendered, {self.result.count('cached')} there already"
        return f"{counts} in {self.seconds:.{1 if self.seconds >= 1 else 2}f} s"


@dataclass(frozen=True)
class Demo:
    """What the demo made: the pipeline, its runs, the reports, and the finals with their files."""

    pipeline: Path
    lock: Path
    first: Timed
    second: Timed
    finals: Timed
    reports: tuple[Reports, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def to_lines(self) -> tuple[str, ...]:
        """What was made, for a terminal."""
        sheets = [file for reports in self.reports for file in reports.files if file.suffix in (".html", ".png")]
        return (
            f"pipeline    {self.pipeline}",
            f"lock        {self.lock}",
            *(f"report      {file}" for file in sheets),
            f"first run   {self.first}",
            f"second run  {self.second}",
            *(
                f"approved    {name} seed {seed}, as a person would on the contact sheet"
                for name, seed in CHOSEN.items()
            ),
            f"finals      {self.finals}",
            *(f"final       {file}" for file in self.files),
            *(f"  {line}" for picture in self.finals.result.pictures for line in _verdict_lines(picture)),
            *(f"note        {note}" for note in self.notes),
            "next        approve another picture, and the run goes on with its final:",
            f"            cd {self.pipeline.parent} && renderlock approve {self._undecided()} && renderlock run",
        )

    def _undecided(self) -> str:
        records = [one.record for one in self.first.result.pictures if one.job.asset.name not in CHOSEN and one.record]
        return records[0].address if records else "ADDRESS"


def run_demo(
    folder: Path, engines: EngineOptions, *, workers: int | None, watch: RunWatch, campaign: bytes | None = None
) -> Demo:
    """Makes the campaign in `folder`, locks it, runs it twice, approves two pictures, and makes their finals.

    `campaign` is the pipeline to take in place of the shipped one. A folder that holds the campaign already is gone
    on with. Raises `WouldOverwrite` where the folder holds
    another pipeline, and as locking and running do.
    """
    text, notes = _fit_for_this_machine(project_text("campaign") if campaign is None else campaign)
    path = _campaign_in(folder, text)
    pipeline = read_pipeline(Place(path))
    with Models(engines) as models:
        lock_pipeline(pipeline, models)
    quick = RunOptions(Selection(steps=frozenset({"quick-pass"})), workers=workers)
    first, reports, _ = _run(pipeline, engines, quick, watch)
    second, _, _ = _run(pipeline, engines, quick, RunUnwatched())
    _approve_chosen(pipeline, first.result)
    final = RunOptions(Selection(steps=frozenset({"final-render"})), workers=workers)
    finals, more, files = _run(pipeline, engines, final, watch)
    return Demo(path, lock_path_of(pipeline), first, second, finals, (*reports, *more), files, notes)


def _run(
    pipeline: Pipeline, engines: EngineOptions, options: RunOptions, watch: RunWatch
) -> tuple[Timed, tuple[Reports, ...], tuple[Path, ...]]:
    started = time.monotonic()
    with open_run(pipeline, engines, options, watch) as run:
        result = run.execute()
        reports = report_run(run, result, default_report_root(pipeline))
        finals = [one for one in result.pictures if one.job.step.name == "final-render"]
        files = export_pictures(run.planner.store, finals, pipeline.path.parent / FINALS_FOLDER)
    return Timed(result, time.monotonic() - started), reports, files


def _approve_chosen(pipeline: Pipeline, result: RunResult) -> None:
    """Approves the chosen seeds in the demo's name; an approval that stands already is said again."""
    signature = Signature("demo", datetime.now(UTC))
    with Store.open(pipeline.store) as store:
        for picture in result.pictures:
            if picture.record and CHOSEN.get(picture.job.asset.name) == picture.job.seed:
                decide(store, picture.record.address, "approve", signature, "chosen by the demo")


def _fit_for_this_machine(text: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The campaign with what this installation lacks left out, and what was left out."""
    notes = []
    try:
        open_upscaler("waifu2x", UpscalerOptions()).close()
    except MissingDependency as error:
        text = text.replace(UPSCALER, WITHOUT_UPSCALER)
        notes.append(f"enlarged by interpolation: {error}")
    try:
        prove_reader()
    except MissingDependency as error:
        text = text.replace(TEXT, b"")
        notes.append(f"the caption is not read back: {error}")
    return text, tuple(notes)


def _verdict_lines(picture: PictureResult) -> tuple[str, ...]:
    """What the gates said about a picture, a line each: the first measure, or those that failed."""
    name = f"{picture.job.asset.name} seed {picture.job.seed}"
    return tuple(
        f"{name}: {verdict.gate} {'passed' if verdict.passed else 'failed'}, {measure}"
        for verdict in picture.verdicts
        for measure in verdict.failures or verdict.measures[:1]
    )


def _campaign_in(folder: Path, text: bytes) -> Path:
    path = folder / PIPELINE_NAME
    if path.exists() and path.read_bytes() == text:
        return path
    return write_project(folder, "campaign", text)
