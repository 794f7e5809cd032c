"""Loading pipeline.yml: one call that gives a consistent `Pipeline`, or every problem of the file at once.

Text, syntax and size are checked first, as nothing else can be said of a file that fails them. Then values
(by the pydantic models) and what must hold between them are checked together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from renderlock.errors import ConfigurationError, InputUnusable, Problem
from renderlock.spec.assets_table import TableRow, load_rows
from renderlock.spec.interpolation import Interpolation
from renderlock.spec.pipeline import Asset, Pipeline, seeds_for
from renderlock.spec.pipeline_build import CheckedAsset, build_pipeline
from renderlock.spec.pipeline_checks import NamedEntry, check_steps, check_unique, draft_steps
from renderlock.spec.pipeline_model import AssetModel, PipelineModel
from renderlock.spec.pipeline_validation import report_validation
from renderlock.spec.place import KeyPath
from renderlock.spec.recipe import LARGEST_SEED, LONGEST_PROMPT
from renderlock.spec.report import Report, describe
from renderlock.spec.roles import Role
from renderlock.spec.text_file import TextUnusable, read_text
from renderlock.spec.yaml_nodes import LARGEST_TEXT_BYTES, Fields, YamlUnreadable, compose

PROMPT_ASSET = "prompt"
"""The name of the asset that `--prompt` adds."""


def load_pipeline(path: Path, *, prompt: str | None = None) -> Pipeline:
    """The pipeline a file holds; `prompt` adds one asset named `prompt`.

    Raises `ConfigurationError` with all problems, each with its place, and `InputUnusable` where there is no
    readable file.
    """
    root, report = _compose(path)
    interpolation = Interpolation(root, report)
    values = interpolation.values()
    model = _validated(values, report)
    rows = _table_rows(path, values, interpolation, report)
    table = _validated_rows(rows, report)
    models = {role: text for role in Role if isinstance(text := values.get(role.key), str)}
    drafts = draft_steps(values, models, report)
    entries = _asset_entries(values)
    _check_assets(entries, rows, report)
    init_images = [entry_path for entry_path, fields in entries if fields.get("init_image") is not None]
    init_images += [row.path for row in rows if "init_image" in row.fields]
    check_steps(drafts, has_init_image=bool(init_images), report=report)
    _check_vars(values, report)
    _check_prompt(prompt, report)
    report.raise_problems()
    roles = [draft.role for draft in drafts if draft.role is not None]
    assert model is not None, "a file without problems has a model"
    pipeline = build_pipeline(path, model, [*_checked_assets(model, report), *table], roles, report)
    pipeline = _with_prompt(pipeline, prompt)
    _check_seeds(pipeline, report)
    report.raise_problems()
    return pipeline


def _compose(path: Path) -> tuple[Fields, Report]:
    try:
        text = read_text(path, LARGEST_TEXT_BYTES)
        root, problems = compose(text, str(path))
    except TextUnusable as error:
        if error.problem.line:
            raise ConfigurationError(str(path), [error.problem]) from error
        action = "Go to the folder that holds it, or write one with `renderlock init`."
        raise InputUnusable(path=path, reason=error.problem.found, action=action) from error
    except YamlUnreadable as error:
        raise ConfigurationError(str(path), [error.problem]) from error
    if not isinstance(root, Fields):
        found = "nothing" if root is None else "no map"
        problem = Problem(str(path), 1, 1, "", found, "a map of keys, at least `steps` and a role's model")
        raise ConfigurationError(str(path), [problem])
    report = Report(str(path), root)
    report.add_all(problems)
    return root, report


def _validated(values: Mapping[str, object], report: Report) -> PipelineModel | None:
    try:
        return PipelineModel.model_validate(values)
    except ValidationError as error:
        report_validation(error, report)
        return None


def _table_rows(
    path: Path, values: Mapping[str, object], interpolation: Interpolation, report: Report
) -> list[TableRow]:
    table = values.get("assets_from")
    if not isinstance(table, str) or not table.strip():
        return []
    return load_rows(path.parent / table, interpolation, report)


def _validated_rows(rows: Sequence[TableRow], report: Report) -> list[CheckedAsset]:
    checked = []
    for row in rows:
        try:
            asset = AssetModel.model_validate(row.fields)
        except ValidationError as error:
            report_validation(error, report.pinned(row.place), row.path)
        else:
            checked.append(CheckedAsset(asset.name, asset, row.path, row.place))
    return checked


def _checked_assets(model: PipelineModel, report: Report) -> list[CheckedAsset]:
    checked = []
    if isinstance(model.assets, dict):
        for name, fields in model.assets.items():
            path: KeyPath = ("assets", name)
            checked.append(CheckedAsset(name, fields, path, report.place(path, at_key=True)))
    else:
        for index, asset in enumerate(model.assets or []):
            path = ("assets", index)
            checked.append(CheckedAsset(asset.name, asset, path, report.place(path)))
    return checked


def _asset_entries(values: Mapping[str, object]) -> list[tuple[KeyPath, Mapping[str, object]]]:
    """Every asset written in the file itself, as far as it is a map."""
    assets = values.get("assets")
    if isinstance(assets, dict):
        return [
            (("assets", name), {**fields, "name": name}) for name, fields in assets.items() if isinstance(fields, dict)
        ]
    listed = assets if isinstance(assets, list) else []
    return [(("assets", index), fields) for index, fields in enumerate(listed) if isinstance(fields, dict)]


def _check_assets(
    entries: Sequence[tuple[KeyPath, Mapping[str, object]]], rows: Sequence[TableRow], report: Report
) -> None:
    named = [
        NamedEntry(name, (*path, "name"), report)
        for path, fields in entries
        if isinstance(name := fields.get("name"), str)
    ]
    named += [
        NamedEntry(name, (*row.path, "name"), report.pinned(row.place))
        for row in rows
        if isinstance(name := row.fields.get("name"), str)
    ]
    check_unique(named)


def _check_vars(values: Mapping[str, object], report: Report) -> None:
    variables = values.get("vars")
    for name in variables if isinstance(variables, dict) else ():
        if name in PipelineModel.model_fields:
            allowed = "a name that is no key of the pipeline, so that `${name}` has one meaning"
            report.add(("vars", name), f"the variable `{name}`", allowed, at_key=True)


def _check_prompt(prompt: str | None, report: Report) -> None:
    if prompt is not None and (not prompt.strip() or len(prompt) > LONGEST_PROMPT):
        allowed = f"text that is not empty, of at most {LONGEST_PROMPT} characters"
        report.add_all([Problem(report.file, 1, 1, "--prompt", describe(prompt), allowed)])


def _with_prompt(pipeline: Pipeline, prompt: str | None) -> Pipeline:
    if prompt is None:
        return pipeline
    taken = next((asset for asset in pipeline.assets if asset.name.casefold() == PROMPT_ASSET), None)
    if taken is not None:
        place = taken.place
        line, column = (place.line, place.column) if place else (1, 1)
        file = place.file if place else pipeline.file
        found = f"an asset named {describe(taken.name)}"
        problem = Problem(file, line, column, "--prompt", found, f"`--prompt` where no asset is named `{PROMPT_ASSET}`")
        raise ConfigurationError(pipeline.file, [problem])
    return replace(pipeline, assets=(*pipeline.assets, Asset(PROMPT_ASSET, prompt, seeds=pipeline.seeds)))


def _check_seeds(pipeline: Pipeline, report: Report) -> None:
    """Reports steps whose variants would pass the largest seed."""
    for index, step in enumerate(pipeline.steps):
        for asset in pipeline.assets:
            if step.variants and seeds_for(asset, step)[-1] > LARGEST_SEED:
                found = f"{step.variants} seeds from {asset.seeds[0]} on, for the asset `{asset.name}`"
                report.add(("steps", index, "variants"), found, f"seeds up to {LARGEST_SEED}")
                break
