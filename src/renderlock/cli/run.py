"""`run`: renders a pipeline, or says what that would take."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from renderlock.actions.calls.costs import Spending, Spent
from renderlock.actions.campaign import RunOptions, default_report_root, export_pictures, open_run, report_run
from renderlock.actions.estimate import BudgetOutlook, StepEstimate, budget_outlook, estimate
from renderlock.actions.jobs import Held, Job, Planned, Selection
from renderlock.actions.previews import show_previews
from renderlock.actions.reports import Reports
from renderlock.actions.run import PictureResult, RunResult
from renderlock.actions.workspace import read_pipeline
from renderlock.cli.console import answer, answer_json, error_to_json, say, show_error
from renderlock.cli.options import (
    DEFAULT_FILE,
    FileOption,
    JsonOption,
    ProgressOption,
    WorkersOption,
    place_of,
)
from renderlock.cli.outlines import outline_json, outline_lines
from renderlock.cli.progress import follow
from renderlock.engines.base import EngineOptions
from renderlock.settings import current_settings
from renderlock.spec.money import total_of
from renderlock.spec.verdict import Verdict

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def run(
    step: Annotated[list[str] | None, typer.Option("--step", help="Only this step; may be said again.")] = None,
    asset: Annotated[list[str] | None, typer.Option("--asset", help="Only this asset; may be said again.")] = None,
    prompt: Annotated[str | None, typer.Option("--prompt", "-p", help="One more asset, named `prompt`.")] = None,
    seed: Annotated[list[int] | None, typer.Option("--seed", "-s", help="These seeds instead of the assets'.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be rendered and spent.")] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="The embedded engine stands in for every model; all is marked so.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Also copy the pictures into this folder.")] = None,
    reports: Annotated[Path | None, typer.Option("--reports", help="Where reports go; default: reports/.")] = None,
    previews: Annotated[
        Path | None, typer.Option("--previews", help="Keep each picture's latest preview in this folder.")
    ] = None,
    no_reports: Annotated[bool, typer.Option("--no-reports", help="Write no contact sheets and variances.")] = False,
    workers: WorkersOption = None,
    file: FileOption = DEFAULT_FILE,
    json: JsonOption = False,
    progress: ProgressOption = True,
) -> None:
    """Render what is missing, up to the next approval, and report on it."""
    settings = current_settings()
    pipeline = read_pipeline(place_of(file, None), prompt)
    selection = Selection(frozenset(step or ()), frozenset(asset or ()), tuple(dict.fromkeys(seed or ())))
    options = RunOptions(selection, rehearse or settings.rehearse, workers)
    with (
        follow(shown=progress and not dry_run) as watch,
        open_run(pipeline, EngineOptions.of(settings), options, watch) as opened,
    ):
        if dry_run:
            estimates = estimate(opened)
            _show_estimates(estimates, budget_outlook(opened, estimates), as_json=json)
            return
        if previews is not None:
            show_previews(opened, previews)
        spending = Spending(opened.planner.store)
        result = opened.execute()
        made = () if no_reports else report_run(opened, result, reports or default_report_root(pipeline))
        copies = () if out is None else export_pictures(opened.planner.store, result.pictures, out)
        spent = spending.since()
    _show_run(result, made, copies, spent, as_json=json)
    if result.errors:
        raise typer.Exit(result.errors[0].exit_code)
    if result.refused:
        raise typer.Exit(1)


def _show_run(
    result: RunResult, made: tuple[Reports, ...], copies: tuple[Path, ...], spent: Spent, *, as_json: bool
) -> None:
    for warning in result.warnings:
        say(f"environment: {warning}")
    show_failures(result)
    if as_json:
        answer_json(_run_json(result, made, copies) | spent.to_json())
        return
    for picture in result.refused:
        for line in _refusal_lines(picture):
            answer(line)
    for line in deviation_lines(result):
        answer(line)
    for held in result.held:
        answer(f"held: {held.asset} before {held.step}: {held.reason}")
    for reports in made:
        answer(f"reports: {reports.folder}{'' if reports.made else ' (unchanged)'}")
    counts = ", ".join(f"{result.count(status)} {status}" for status in ("rendered", "cached", "failed"))
    cost = f"; {spent} spent or perhaps billed by this run" if spent.amounts or spent.unpriced else ""
    answer(f"{counts} in {result.seconds:.2f} s{cost}")


def show_failures(result: RunResult) -> None:
    """Says each error of a run once, on stderr."""
    for error in {str(error): error for error in result.errors}.values():
        show_error(error, as_json=False)


def deviation_lines(result: RunResult) -> Iterator[str]:
    """One line a kind of difference from what was asked, with how many of the delivered pictures have it."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for picture in result.pictures:
        for deviation in () if picture.record is None else picture.record.deviations:
            kind = (picture.job.step.name, deviation.field, deviation.reason)
            alike.setdefault(kind, []).append(str(deviation))
    for (step, _, _), found in alike.items():
        others = "; and others like it" if len(set(found)) > 1 else ""
        yield f"deviation in {len(found)} picture(s) of {step}: {found[0]}{others}"


def _refusal_lines(picture: PictureResult) -> Iterator[str]:
    """One line a measure that a gate did not let pass."""
    address = picture.record.address if picture.record else ""
    for verdict in picture.verdicts:
        for measure in verdict.failures:
            yield f"gate {verdict.gate}: {picture.job.asset.name} seed {picture.job.seed} ({address}): {measure}"


def _run_json(result: RunResult, made: tuple[Reports, ...], copies: tuple[Path, ...]) -> dict[str, object]:
    return {
        "pictures": [picture_json(picture) for picture in result.pictures],
        "held": [_held_json(held) for held in result.held],
        "rendered": result.count("rendered"),
        "cached": result.count("cached"),
        "failed": result.count("failed"),
        "seconds": round(result.seconds, 3),
        "warnings": list(result.warnings),
        "reports": [str(file) for reports in made for file in reports.files],
        "copies": [str(path) for path in copies],
    }


def picture_json(picture: PictureResult) -> dict[str, object]:
    """What became of a picture, as data."""
    job, record = picture.job, picture.record
    return {
        "asset": job.asset.name,
        "step": job.step.name,
        "seed": job.seed,
        "status": picture.status,
        "standing": job.standing.value,
        "digest": job.recipe.digest if record is None else record.digest,
        "address": None if record is None else record.address,
        "blob": None if record is None else record.blob,
        "cost": None if record is None or record.made.cost is None else record.made.cost.to_json(),
        "deviations": [deviation.to_json() for deviation in (job.deviations if record is None else record.deviations)],
        "verdicts": [verdict_json(verdict) for verdict in picture.verdicts],
        "error": None if picture.error is None else error_to_json(picture.error),
    }


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """What a gate said, as data."""
    measures = [
        {
            "name": one.name,
            "value": one.value if isfinite(one.value) else None,
            "least": one.least,
            "most": one.most,
            "says": one.says,
        }
        for one in verdict.measures
    ]
    return {"gate": verdict.gate, "passed": verdict.passed, "measures": measures, "notes": list(verdict.notes)}


def _held_json(held: Held) -> dict[str, str]:
    return {"asset": held.asset, "step": held.step, "reason": held.reason}


def _show_estimates(estimates: tuple[StepEstimate, ...], budget: BudgetOutlook | None, *, as_json: bool) -> None:
    if as_json:
        steps = [_estimate_json(one) for one in estimates]
        answer_json({"steps": steps, "budget": None if budget is None else _budget_json(budget)})
        return
    for one in estimates:
        time = "time unknown" if one.seconds is None else f"about {one.seconds:.1f} s of rendering"
        spent = _cost_text(one) if one.hosted else "no money: it renders here"
        answer(f"{one.plan.step.name}: {one.missing} to render, {one.there} there; {time}; {spent}")
        for job in one.plan.missing:
            answer(f"  {job.asset.name} seed {job.seed} {job.size} {job.recipe.model.reference}{_price_text(one, job)}")
            for line in outline_lines(one.outlines.get(job.key)):
                answer(f"    {line}")
            for deviation in job.deviations:
                answer(f"    deviation: {deviation}")
        for asset, seed in one.plan.unforeseen:
            answer(f"  {asset} seed {seed}, from the picture of {one.plan.step.init_from} once that is rendered")
        for held in one.plan.held:
            answer(f"  held: {held.asset}: {held.reason}")
    if budget is not None:
        after = "the run would stop before it passes it" if budget.is_passed else f"about {budget.coming} by this run"
        answer(f"budget: {budget.spent} of {budget.budget} spent or perhaps billed; {after}")


def _price_text(one: StepEstimate, job: Job) -> str:
    """What a picture would cost, or the earlier call that comes before another."""
    call, cost = one.calls.get(job.key), one.costs.get(job.key)
    if call is None:
        return f" for {cost}" if cost else ""
    if call.standing == "given-up":
        return f", given up by {call.by}"
    return f", waits for a decision about call {call.id}" if call.needs_decision else f", by call {call.id} of before"


def _budget_json(budget: BudgetOutlook) -> dict[str, object]:
    return {
        "budget": budget.budget.to_json(),
        "spent": budget.spent.to_json(),
        "coming": budget.coming.to_json(),
        "passed": budget.is_passed,
    }


def _cost_text(one: StepEstimate) -> str:
    """What a provider would take for a step, as far as prices are known."""
    known = f"about {total_of(one.cost)} by the price notes" if one.cost else ""
    unknown = f"price unknown of {one.unpriced} picture(s)" if one.unpriced else ""
    return ", ".join(filter(None, (known, unknown))) or "nothing to buy"


def _estimate_json(one: StepEstimate) -> dict[str, object]:
    pictures = [_planned_json(planned, one) for planned in one.plan.pictures]
    for asset, seed in one.plan.unforeseen:
        pictures.append({"asset": asset, "seed": seed, "digest": None, "cached": False, "deviations": []})
    return {
        "step": one.plan.step.name,
        "missing": one.missing,
        "there": one.there,
        "seconds": one.seconds,
        "hosted": one.hosted,
        "cost": {currency: f"{amount:f}" for currency, amount in one.cost.items()},
        "unpriced": one.unpriced,
        "pictures": pictures,
        "held": [_held_json(held) for held in one.plan.held],
    }


def _planned_json(planned: Planned, one: StepEstimate) -> dict[str, object]:
    job = planned.job
    plan = one.outlines.get(job.key)
    return {
        "asset": job.asset.name,
        "seed": job.seed,
        "digest": job.recipe.digest if planned.record is None else planned.record.digest,
        "width": job.size.width,
        "height": job.size.height,
        "cached": planned.record is not None,
        "call": call.id if (call := one.calls.get(job.key)) else None,
        "deviations": [deviation.to_json() for deviation in job.deviations],
        "plan": None if plan is None else outline_json(plan),
    }
