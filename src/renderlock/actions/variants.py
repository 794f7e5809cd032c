"""Variants: one prompt with several seeds, a contact sheet of them, and how much they vary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from renderlock.actions.campaign import RunOptions, export_pictures, open_run
from renderlock.actions.report_files import variance_values
from renderlock.actions.report_values import VarianceValues
from renderlock.actions.reports import write_reports
from renderlock.actions.run import RunResult, RunWatch
from renderlock.actions.shown import show_picture
from renderlock.actions.single import Wish, single_pipeline
from renderlock.actions.workspace import Place, store_path_of
from renderlock.engines.base import EngineOptions

STEP_NAME = "variants"


@dataclass(frozen=True)
class Variants:
    """What was rendered, how much it varies (None with fewer than two pictures), and every file that was written."""

    result: RunResult
    values: VarianceValues | None
    files: tuple[Path, ...]


@dataclass(frozen=True)
class VariantOptions:
    """Which model renders, where the project is, where files go, and how the run goes."""

    reference: str
    place: Place
    out: Path
    run: RunOptions


def render_variants(wish: Wish, engines: EngineOptions, options: VariantOptions, watch: RunWatch) -> Variants:
    """Renders every seed of a wish, and writes pictures, contact sheet and variance report into `options.out`.

    Renders that are there already are not made again. Raises as a run does.
    """
    pipeline = single_pipeline(wish, options.reference, options.place, name=STEP_NAME)
    pipeline = replace(pipeline, store=store_path_of(options.place))
    with open_run(pipeline, engines, options.run, watch) as run:
        result = run.execute()
        store = run.planner.store
        copies = export_pictures(store, result.pictures, options.out)
        shown = [show_picture(one, one.record) for one in result.pictures if one.record is not None]
        title = wish.prompt if len(wish.prompt) <= 60 else f"{wish.prompt[:59]}…"
        reports = write_reports(store, shown, options.out, title=title).files if shown else ()
        values = variance_values(store, shown, title) if len(shown) > 1 else None
    return Variants(result, values, copies + reports)
