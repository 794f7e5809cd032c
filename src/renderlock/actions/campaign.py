"""One run of a pipeline from its files: load, plan, render, report. What the command line and the demo share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from renderlock.actions.jobs import Selection
from renderlock.actions.plan import Planner
from renderlock.actions.reports import REPORT_FOLDER, Reports, report_folder, write_reports
from renderlock.actions.review import decisions
from renderlock.actions.run import PictureResult, Run, RunResult, RunWatch
from renderlock.actions.shown import show_picture
from renderlock.actions.user_files import write_new_file
from renderlock.actions.workspace import open_models, spending_limit
from renderlock.engines.base import EngineOptions
from renderlock.errors import PromptMissing
from renderlock.spec.pipeline import Pipeline
from renderlock.store.store import Store


@dataclass(frozen=True)
class RunOptions:
    """How a pipeline is run: which part, in rehearsal or for real, and how many side by side (None: as fits, and at
    providers as many as they allow)."""

    selection: Selection = field(default_factory=Selection)
    rehearse: bool = False
    workers: int | None = None


@contextmanager
def open_run(pipeline: Pipeline, engines: EngineOptions, options: RunOptions, watch: RunWatch) -> Iterator[Run]:
    """A run over the pipeline's store, ready to be estimated or executed; models and store are closed after it.

    Raises `PromptMissing` where the pipeline has no asset.
    """
    if not pipeline.assets:
        raise PromptMissing(file=pipeline.path)
    with Store.create(pipeline.store) as store, open_models(store, engines, budget=spending_limit(pipeline)) as models:
        planner = Planner(pipeline, store, models, options.selection, decisions(store), rehearse=options.rehearse)
        run = Run(planner, workers=options.workers or 1, watch=watch, own_lanes=options.workers is None)
        if options.workers is None:
            run.workers = sensible_workers(run)
        try:
            yield run
        finally:
            planner.close()


def sensible_workers(run: Run) -> int:
    """One render a processor this process may use, where every engine gains by it; else one."""
    engines = [engine for step in run.selected_steps() if (engine := run.planner.engine_of(step))]
    if engines and all(engine.capabilities.parallel for engine in engines):
        return available_processors()
    return 1


def available_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def report_run(run: Run, result: RunResult, root: Path) -> tuple[Reports, ...]:
    """Contact sheets and variance reports of every step that has pictures, under `root`."""
    planner = run.planner
    made = []
    for name, group in groupby(result.pictures, key=lambda picture: picture.job.step.name):
        shown = [show_picture(one, one.record) for one in group if one.record is not None]
        if not shown:
            continue
        standing = shown[0].record.standing
        partial = bool(planner.selection.assets or planner.selection.seeds)
        folder = report_folder(root, name, standing=standing, partial=partial)
        title = f"{planner.pipeline.project}: {name}"
        made.append(write_reports(planner.store, shown, folder, title=title))
    return tuple(made)


def default_report_root(pipeline: Pipeline) -> Path:
    """Beside the pipeline."""
    return pipeline.path.parent / REPORT_FOLDER


def export_pictures(store: Store, pictures: Sequence[PictureResult], folder: Path) -> tuple[Path, ...]:
    """Copies of the pictures as `STEP/ASSET-SEED-ADDRESS.png`, for people who want files.

    Raises `WouldOverwrite` where another file has such a name, `FileUnwritable` where the copy cannot be written.
    """
    paths = []
    for picture in pictures:
        if picture.record is None:
            continue
        name = f"{picture.job.asset.name}-{picture.job.seed}-{picture.record.address[3:11]}"
        path = folder / picture.job.step.name / f"{name}{store.path_of(picture.record).suffix}"
        write_new_file(path, store.read(picture.record))
        paths.append(path)
    return tuple(paths)
