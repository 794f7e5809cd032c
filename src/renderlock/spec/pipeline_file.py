"""Loading pipeline.yml: one call that gives a consistent `Pipeline`, or every problem of the file at once.

Text, syntax and size are checked first, as nothing else can be said of a file that fails them. Then values
(by the pydantic models) and what must hold between them are checked together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from renderlock.errors import ConfigurationError, InputUnusable, Problem
from renderlock.spec.assets_table import load_rows
from renderlock.spec.interpolation import Interpolation
from renderlock.spec.pipeline import Asset, Pipeline, seeds_for
from renderlock.spec.pipeline_build import CheckedAsset, CheckedStep, build_pipeline
from renderlock.spec.pipeline_checks import NamedEntry, check_steps, check_unique, draft_steps
from renderlock.spec.pipeline_fields import (
    ASSETS_ALLOWED,
    MOST_STEPS,
    NAME_ALLOWED,
    PROMPT_ALLOWED,
    STEPS_ALLOWED,
    WINDOWS_ALLOWED,
    is_name,
    is_text,
    windows_name,
)
from renderlock.spec.pipeline_model import AssetFields, AssetModel, PipelineModel, StepModel, TopModel
from renderlock.spec.pipeline_validation import validated
from renderlock.spec.place import KeyPath
from renderlock.spec.recipe import LARGEST_SEED
from renderlock.spec.report import Near, Report, Unresolved, describe
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
    top = _top(values, report)
    table = _table_assets(path, values, interpolation, report)
    entries = [*_written_assets(values, report), *(table or [])]
    assets = _checked_assets(entries)
    steps = _checked_steps(values, None if table is None else _init_images(entries), report)
    _check_use(values, entries, steps)
    _check_vars(values, report)
    _check_prompt(prompt, report)
    report.raise_problems()
    assert top is not None, "a file without problems has its top-level keys"
    pipeline = _with_prompt(build_pipeline(path, top, assets, steps, report), prompt)
    _check_seeds(pipeline, report)
    report.raise_problems()
    return pipeline


@dataclass(frozen=True)
class _AssetEntry:
    """An asset as written, in the file or in a table; `key` is its name where that is a key of a map."""

    fields: Mapping[str, object]
    path: KeyPath
    report: Report
    key: str | None = None


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


def _top(values: Mapping[str, object], report: Report) -> TopModel | None:
    lists = {"assets", "steps"}
    top = {key: value for key, value in values.items() if key not in lists}
    return validated(TopModel, top, (), report, known=tuple(PipelineModel.model_fields))


def _written_assets(values: Mapping[str, object], report: Report) -> Iterator[_AssetEntry]:
    """The assets in the file itself; what is no map is reported."""
    assets = values.get("assets")
    if isinstance(assets, dict):
        written: list[tuple[str | int, object]] = list(assets.items())
    elif isinstance(assets, list):
        written = list(enumerate(assets))
    else:
        written = []
        if assets is not None and not isinstance(assets, Unresolved):
            report.add(("assets",), describe(assets), ASSETS_ALLOWED)
    for key, fields in written:
        path: KeyPath = ("assets", key)
        if isinstance(fields, dict):
            yield _AssetEntry(fields, path, report, key if isinstance(key, str) else None)
        elif not isinstance(fields, Unresolved):
            report.add(path, describe(fields), "a map of asset fields")


def _table_assets(
    path: Path, values: Mapping[str, object], interpolation: Interpolation, report: Report
) -> list[_AssetEntry] | None:
    """The assets of the table that `assets_from` names; None where it cannot be read."""
    table = values.get("assets_from")
    if not isinstance(table, str) or not table.strip():
        return []
    rows = load_rows(path.parent / table, interpolation, report)
    if rows is None:
        return None
    return [_AssetEntry(row.fields, row.path, report.pinned(row.place)) for row in rows]


def _checked_assets(entries: Sequence[_AssetEntry]) -> list[CheckedAsset]:
    checked, named = [], []
    for entry in entries:
        asset = _checked_asset(entry)
        if asset is not None:
            checked.append(asset)
        name = entry.key or entry.fields.get("name")
        if isinstance(name, str):
            named.append(NamedEntry(name, entry.path if entry.key else (*entry.path, "name"), entry.report))
    check_unique(named)
    return checked


def _checked_asset(entry: _AssetEntry) -> CheckedAsset | None:
    if entry.key is None:
        asset = validated(AssetModel, entry.fields, entry.path, entry.report)
        return CheckedAsset(asset.name, asset, entry.path, entry.report.place(entry.path)) if asset else None
    if not is_name(entry.key):
        instead = windows_name(entry.key)
        near = Near(entry.key, {entry.key: instead}) if instead else None
        allowed = WINDOWS_ALLOWED if instead else NAME_ALLOWED
        entry.report.add(entry.path, f"the name {describe(entry.key)}", allowed, near=near, at_key=True)
    fields = validated(AssetFields, entry.fields, entry.path, entry.report)
    place = entry.report.place(entry.path, at_key=True)
    return CheckedAsset(entry.key, fields, entry.path, place) if fields else None


def _init_images(entries: Sequence[_AssetEntry]) -> list[NamedEntry]:
    return [
        NamedEntry(str(entry.key or entry.fields.get("name")), (*entry.path, "init_image"), entry.report)
        for entry in entries
        if entry.fields.get("init_image") is not None
    ]


def _checked_steps(
    values: Mapping[str, object], init_images: Sequence[NamedEntry] | None, report: Report
) -> list[CheckedStep]:
    steps = values.get("steps")
    if isinstance(steps, Unresolved):
        return []
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        report.add(("steps",), describe(steps), STEPS_ALLOWED)
        return []
    models = {role: text for role in Role if isinstance(text := values.get(role.key), str)}
    fields = [validated(StepModel, step, ("steps", index), report) for index, step in enumerate(steps)]
    drafts = draft_steps(steps, models, report)
    check_steps(drafts, init_images, report)
    by_path = {draft.path: draft.role for draft in drafts}
    roles = [by_path.get(("steps", index)) for index in range(len(steps))]
    return [CheckedStep(step, role) for step, role in zip(fields, roles, strict=True) if step and role]


def _check_use(values: Mapping[str, object], entries: Sequence[_AssetEntry], steps: Sequence[CheckedStep]) -> None:
    """Reports keys of assets that only finals act on, where there are none."""
    written = values.get("steps")
    if not isinstance(written, list) or len(written) != len(steps):
        return  # Some steps have problems of their own, so what they would use is not known.
    roles = {step.role for step in steps}
    users = {"overlay": {Role.FINAL}, "palette": {Role.FINAL}, "text": {Role.FINAL, Role.UPSCALER}}
    unused = [key for key, acting in users.items() if not roles & acting]
    for entry in entries:
        for key in unused:
            if entry.fields.get(key) is not None:
                allowed = f"an asset's `{key}` where a step has the final role, so that it is used"
                entry.report.add((*entry.path, key), f"`{key}` that no step uses", allowed, at_key=True)


def _check_vars(values: Mapping[str, object], report: Report) -> None:
    variables = values.get("vars")
    for name in variables if isinstance(variables, dict) else ():
        if name in PipelineModel.model_fields:
            allowed = "a name that is no key of the pipeline, so that `${name}` has one meaning"
            report.add(("vars", name), f"the variable `{name}`", allowed, at_key=True)


def _check_prompt(prompt: str | None, report: Report) -> None:
    if prompt is not None and not is_text(prompt):
        report.add_all([Problem(report.file, 1, 1, "--prompt", describe(prompt), PROMPT_ALLOWED)])


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
