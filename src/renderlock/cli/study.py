"""`renderlock study …`: measured comparisons on which a team decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.upscale_choice import write_choices
from renderlock.actions.upscale_defaults import limits_of, named_in
from renderlock.actions.upscale_report import keep_timings, study_to_json, study_values, write_study
from renderlock.actions.upscale_report_values import StudyValues, headline_of
from renderlock.actions.upscale_study import WHOLE_STUDY, StudyOptions, run_study
from renderlock.actions.upscale_table import choose_for_all
from renderlock.actions.workspace import store_path_of
from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import DEFAULT_FILE, FileOption, JsonOption, ProgressOption, StoreOption, place_of
from renderlock.errors import RecipeError
from renderlock.settings import current_settings
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.store.store import Store

app = typer.Typer(
    help="Measured comparisons: upscalers.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

MOST_FACTOR = 8


@app.callback()
def group() -> None:
    """Measured comparisons on which a team decides."""


@dataclass(frozen=True)
class TrialProgress:
    """A line on stderr for each trial."""

    shown: bool

    def on_trial(self, upscaler: str, factor: int, done: int, trials: int) -> None:
        """Says how far the study is."""
        if self.shown:
            say(f"{done} of {trials}  {upscaler} x{factor}")


@app.command()
def upscalers(
    images: Annotated[Path, typer.Option("--images", help="A folder of pictures; a folder within it is a class.")],
    out: Annotated[Path, typer.Option("--out", help="Where the study goes.")] = Path("upscaler-study"),
    names: Annotated[
        str, typer.Option("--upscalers", help="References, with commas; default: all here, and the pipeline's.")
    ] = "",
    scales: Annotated[str, typer.Option("--scales", help="Factors, with commas.")] = "2,4",
    repeats: Annotated[int, typer.Option("--repeats", min=1, max=50, help="Timed runs on each picture.")] = 3,
    crop: Annotated[int, typer.Option("--crop", min=64, max=8192, help="The side of each picture's middle.")] = 512,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0.0, help="Seconds a megapixel that may be spent (p95).")
    ] = None,
    write: Annotated[Path | None, typer.Option("--write", help="Write the choice into this pipeline file.")] = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
    progress: ProgressOption = True,
) -> None:
    """Measure upscalers on your pictures: time, memory, likeness, invention; and choose one for each class."""
    chosen = tuple(name.strip() for name in names.split(",") if name.strip())
    if write is not None:
        load_pipeline(write)  # What is wrong with the file is told before anything is measured.
    pipeline = load_pipeline(file) if file.is_file() else None
    named = () if pipeline is None or chosen else named_in(pipeline)
    limits = limits_of(pipeline)
    options = StudyOptions(chosen, _factors(scales), repeats, crop, current_settings().threads, named, limits)
    if progress and (named or limits):
        say(f"of {file.name}: {', '.join(named) or 'no upscaler'}; {len(limits)} limit(s) of the gate")
    study = run_study(images, out, options, TrialProgress(progress))
    values = study_values(study, f"Upscalers on {images.resolve().name}", budget)
    files = write_study(study, values, out, budget_s=budget)
    if write is not None:
        by_tag = {one.name: one.choice.upscaler for one in values.classes if one.name != WHOLE_STUDY}
        write_choices(write, choose_for_all(values.rows, budget).upscaler, by_tag)
    path = store_path_of(place_of(file, store))
    if store is not None or path.exists():
        with Store.open(path) as opened:
            keep_timings(opened, values)
    if json:
        answer_json({**study_to_json(study, values), "files": [str(one) for one in files]})
    else:
        _show(values, files, write)


def _factors(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() and 2 <= int(part) <= MOST_FACTOR for part in parts):
        raise RecipeError(field="scales", found=repr(text), allowed=f"whole factors from 2 to {MOST_FACTOR}")
    return tuple(sorted({int(part) for part in parts}))


def _show(values: StudyValues, files: tuple[Path, ...], written: Path | None) -> None:
    answer(headline_of(values))
    for one in values.classes:
        answer(f"  {one.name}: {one.choice.upscaler} ({one.choice.reason})")
    answer(
        f"{'upscaler':<22} {'x':>2} {'CPU s/MP':>9} {'p95 s/MP':>9} {'PSNR':>6} {'SSIM':>6} {'invented':>9} {'gate':>5}"
    )
    for row in values.rows:
        figures = f"{row.cpu_s:9.3g} {row.p95_s:9.3g} {row.psnr_db:6.2f} {row.ssim:6.3f} {row.invented:9.3f}"
        answer(f"{row.upscaler:<22} {row.factor:>2} {figures} {row.pass_rate:5.0%}")
    for name, reason in values.left_out:
        answer(f"left out {name}: {reason}")
    for path in files:
        answer(str(path))
    if written is not None:
        answer(f"{written}: the choice is written; `renderlock lock` pins it")
