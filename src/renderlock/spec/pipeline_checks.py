"""What must hold between the values of a pipeline: names, references, roles, order, standing.

The checks read plain values and pass over what is missing or of a wrong kind (that is reported already), so
that one run names the problems of both sorts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from renderlock.spec.interpolation import single_reference
from renderlock.spec.pipeline_fields import MOST_STEPS
from renderlock.spec.place import KeyPath, dotted
from renderlock.spec.report import Near, Report, describe
from renderlock.spec.roles import Role
from renderlock.spec.step_order import first_cycle
from renderlock.spec.upscaler_steps import check_upscaler_keys
from renderlock.spec.yaml_nodes import Scalar


@dataclass(frozen=True)
class StepDraft:
    """The parts of a step that other parts refer to, as far as they are usable."""

    path: KeyPath
    name: str
    role: Role | None
    needs: tuple[tuple[KeyPath, str], ...]
    init_from: str
    has_strength: bool
    keys: frozenset[str]


@dataclass(frozen=True)
class NamedEntry:
    """An asset or step by name, where the name stands."""

    name: str
    path: KeyPath
    report: Report


def draft_steps(steps: Sequence[object], models: Mapping[Role, str], report: Report) -> tuple[StepDraft, ...]:
    """The steps as far as they are usable; a step's model that is no role's is reported."""
    return tuple(
        _draft(("steps", index), step, models, report) for index, step in enumerate(steps) if isinstance(step, dict)
    )


def check_steps(steps: Sequence[StepDraft], init_images: Sequence[NamedEntry] | None, report: Report) -> None:
    """Reports what does not hold between the steps.

    `init_images` are the assets that bring one, at that key; None where that is not known.
    """
    check_unique([NamedEntry(step.name, (*step.path, "name"), report) for step in steps if step.name])
    by_name = {step.name: step for step in steps if step.name}
    for step in steps:
        for path, need in step.needs:
            _check_need(step, path, need, by_name, report)
        if step.role is Role.UPSCALER:
            check_upscaler_keys(step.path, step.keys, [need for _, need in step.needs], report)
        else:
            _check_strength(step, has_init_image=init_images is None or bool(init_images), report=report)
    cycle = first_cycle({name: [need for _, need in step.needs if need != name] for name, step in by_name.items()})
    if cycle:
        first = min((by_name[name] for name in cycle), key=lambda step: step.path[-1])
        shown = " → ".join(cycle if len(cycle) <= 9 else (*cycle[:8], f"… ({len(cycle) - 1} in all)"))
        report.add(first.path, f"steps that wait for each other: {shown}", "no cycle")

    if not any(step.has_strength and not step.init_from for step in steps if step.role is not Role.UPSCALER):
        for asset in init_images or ():
            allowed = "an `init_image` where a step has `strength` (and no `init_from`), so that it is used"
            asset.report.add(asset.path, "an `init_image` that no step starts from", allowed)


def check_unique(entries: Sequence[NamedEntry]) -> None:
    """Reports every name that differs from an earlier one in nothing but upper and lower case."""
    first: dict[str, NamedEntry] = {}
    for entry in entries:
        earlier = first.setdefault(entry.name.casefold(), entry)
        if earlier is not entry:
            place = earlier.report.place(earlier.path)
            allowed = f"each name once (names become file names, so case does not count); first at {place}"
            entry.report.add(entry.path, f"the name {describe(entry.name)} again", allowed)


def _draft(path: KeyPath, step: Mapping[str, object], models: Mapping[Role, str], report: Report) -> StepDraft:
    init_from = step.get("init_from")
    name = step.get("name")
    needs = [((*path, "init_from"), init_from)] if isinstance(init_from, str) else []
    return StepDraft(
        path=path,
        name=name if isinstance(name, str) else "",
        role=_role_of(path, step.get("model"), models, report),
        needs=(*_needs(path, step.get("needs")), *needs),
        init_from=init_from if isinstance(init_from, str) else "",
        has_strength=step.get("strength") is not None,
        keys=frozenset(key for key, value in step.items() if value is not None),
    )


def _needs(path: KeyPath, written: object) -> list[tuple[KeyPath, str]]:
    if isinstance(written, str):
        return [((*path, "needs"), written)]
    names = written[:MOST_STEPS] if isinstance(written, list) else []
    return [((*path, "needs", index), name) for index, name in enumerate(names) if isinstance(name, str)]


def _role_of(path: KeyPath, model: object, models: Mapping[Role, str], report: Report) -> Role | None:
    if not isinstance(model, str) or not model.strip():
        return None
    path = (*path, "model")
    named = _named_role(path, model, report)
    if named is not None:
        if named not in models and report.node((named.key,)) is None:
            report.add(path, f"the {named} role, which has no model", f"a role that has one; set `{named.key}`")
        return named
    holding = [role for role, reference in models.items() if reference == model]
    if len(holding) == 1:
        return holding[0]
    references = [f"${{{role.key}}}" for role in (holding or models)]
    allowed = " or ".join(references) or "`${review_model}`, with `review_model` set at the top"
    if holding:
        report.add(
            path, f"{describe(model)}, the model of two roles", allowed, near=Near(model, {model: references[0]})
        )
    else:
        allowed += "; models are named by a role, so that the lock can hold them"
        report.add(path, f"{describe(model)}, which is no role's model", allowed, near=Near(model, _meant(models)))
    return None


def _named_role(path: KeyPath, model: str, report: Report) -> Role | None:
    """The role that the step names itself, by reference or by word."""
    node = report.node(path)
    reference = single_reference(node.text) if isinstance(node, Scalar) else None
    word = reference or model
    return next((role for role in Role if word == role.key or (not reference and word == role.value)), None)


def _meant(models: Mapping[Role, str]) -> dict[str, str]:
    """What may have been written for a role, with how it is written properly."""
    return {word: f"${{{role.key}}}" for role in models for word in (role.value, role.key, models[role])}


def _check_need(step: StepDraft, path: KeyPath, need: str, by_name: Mapping[str, StepDraft], report: Report) -> None:
    if need == step.name:
        report.add(path, f"{describe(need)}, the step itself", "another step")
    elif need not in by_name:
        known = ", ".join(islice(by_name, 20)) or "none"
        allowed = f"a step of this file: {known}"
        report.add(path, f"{describe(need)}, which is no step", allowed, near=Near(need, by_name.keys()))
    elif by_name[need].role is Role.SANDBOX and step.role is not None and step.role.production:
        allowed = (
            f"a step of a locked model, as {dotted((*step.path, 'model'))} is; sandbox renders never enter production"
        )
        report.add(path, f"{describe(need)}, a sandbox step", allowed)


def _check_strength(step: StepDraft, *, has_init_image: bool, report: Report) -> None:
    if step.init_from and not step.has_strength:
        report.add((*step.path, "init_from"), "`init_from` without `strength`", "both: strength is above 0, at most 1")
    elif step.has_strength and not step.init_from and not has_init_image:
        allowed = "`strength` with `init_from`, or with an asset that has an `init_image`"
        report.add((*step.path, "strength"), "`strength` with no picture to start from", allowed)
