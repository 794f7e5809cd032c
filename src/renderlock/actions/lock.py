"""Locking: pins each role's model by exact content, checks it, and changes it only on record.

The seam for gates is `LockChange.evidence`: a change carries the addresses of the verdicts that allowed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from renderlock.actions.machine import read_environment
from renderlock.actions.models import Models
from renderlock.actions.upscale_engines import Upscalers, upscaler_options
from renderlock.actions.user_files import write_user_file
from renderlock.errors import (
    ChangeUnneeded,
    LockMismatch,
    LockMissing,
    ModelNotLocked,
    ReasonMissing,
    UnknownName,
)
from renderlock.spec.lock import Lock, LockChange, LockedModel, Slot, read_lock
from renderlock.spec.pipeline import Pipeline
from renderlock.spec.pipeline_edit import edit_model
from renderlock.spec.roles import Role

LOCK_NAME = "pipeline.lock"


@dataclass(frozen=True)
class LockDifference:
    """One way in which the lock and what is here disagree; `about` is a role, `libraries` or `machine`.

    For the upscaler of assets with a tag it is `upscaler of TAG`.
    """

    about: str
    line: str

    def __str__(self) -> str:
        return f"{self.about}: {self.line}"


@dataclass(frozen=True)
class Locked:
    """What `lock_pipeline` did: the lock, and whether the file was new, refreshed or left as it was."""

    lock: Lock
    path: Path
    outcome: str


def lock_path_of(pipeline: Pipeline) -> Path:
    """Where a pipeline's lock is: beside it."""
    return pipeline.path.with_name(LOCK_NAME)


def lockable_models(pipeline: Pipeline) -> Mapping[Slot, str]:
    """The references that a lock pins: those of the roles, and the upscalers by tag."""
    roles = {Slot(role): model for role, model in pipeline.models.items() if role.production}
    return roles | {Slot(Role.UPSCALER, tag): model for tag, model in pipeline.upscalers.items()}


def identify_model(models: Models, role: Role, reference: str) -> LockedModel:
    """The exact model that fills a role; raises as opening an engine, or for the upscaler role an upscaler, does."""
    if role is not Role.UPSCALER:
        return LockedModel(reference, models.identity(reference))
    with closing(Upscalers(upscaler_options(models.options), models.engine)) as upscalers:
        return LockedModel(reference, upscalers.open(reference).identify())


def lock_pipeline(pipeline: Pipeline, models: Models) -> Locked:
    """Writes the lock where there is none, or refreshes its environment; never changes a locked model.

    A role that left pipeline.yml stays locked, so that taking it out and back in is no way around a change.
    Raises `LockMismatch` where a role's model is not the locked one: that is a change, and needs a reason.
    """
    path = lock_path_of(pipeline)
    found = {slot: identify_model(models, slot.role, name) for slot, name in lockable_models(pipeline).items()}
    environment = read_environment(models.opened())
    try:
        before = read_lock(path)
    except LockMissing:
        lock = Lock({}, environment).with_models(found)
        write_user_file(path, lock.to_text().encode())
        return Locked(lock, path, "written")
    for slot in before.slots.keys() & found.keys():
        verify_model(before, slot, found[slot])
    lock = replace(before.with_models(found), environment=environment)
    if lock == before:
        return Locked(lock, path, "unchanged")
    write_user_file(path, lock.to_text().encode())
    return Locked(lock, path, "refreshed")


def verify_model(lock: Lock, slot: Slot, found: LockedModel) -> None:
    """Raises `LockMismatch` with every difference where `found` is not what the lock has for a role or tag.

    Raises `ModelNotLocked` where the lock does not hold it at all.
    """
    if slot not in lock.slots:
        raise ModelNotLocked(role=str(slot), model=found.reference)
    lines = tuple(_model_differences(lock, slot, found))
    if lines:
        listing = "\n".join(f"  {line}" for line in lines)
        change = f"{slot.role.value} --tag {slot.tag}" if slot.tag else slot.role.value
        raise LockMismatch(role=str(slot), difference=listing, change=change, found=found.reference)


def check_lock(pipeline: Pipeline, models: Models) -> tuple[LockDifference, ...]:
    """Every difference between the lock and what is here: models, libraries, machine; empty if none.

    Raises `LockMissing` or `LockUnreadable` where there is no lock to check.
    """
    lock = read_lock(lock_path_of(pipeline))
    wanted = lockable_models(pipeline)
    differences = [
        LockDifference(str(slot), line)
        for slot, name in wanted.items()
        for line in _model_differences(lock, slot, identify_model(models, slot.role, name))
    ]
    environment = read_environment(models.opened())
    for line in lock.environment.differences(environment):
        about = "machine" if line.startswith("machine.") else "libraries"
        differences.append(LockDifference(about, line))
    return tuple(differences)


@dataclass(frozen=True)
class ChangeRequest:
    """Who wants which role to be filled by which model, when, and why; with a tag, the upscaler of its assets."""

    role: Role
    reference: str
    by: str
    reason: str
    at: datetime
    tag: str = ""

    @property
    def slot(self) -> Slot:
        """What is to change."""
        return Slot(self.role, self.tag)


def change_model(pipeline: Pipeline, models: Models, change: ChangeRequest) -> Locked:
    """Changes what fills a role, in pipeline.yml and in the lock, and keeps the identity before in its history.

    Raises `ReasonMissing`, `ChangeUnneeded`, `UnknownName` for a role that is not locked, and
    `LockMissing`; nothing is written then.
    """
    path = lock_path_of(pipeline)
    lock = read_lock(path)
    if change.slot not in lock.slots:
        known = ", ".join(map(str, sorted(lock.slots)))
        raise UnknownName(kind="locked role", name=str(change.slot), known=known)
    if not change.reason.strip():
        raise ReasonMissing(role=change.role.value)
    before = lock.slots[change.slot]
    after = identify_model(models, change.role, change.reference)
    if after == before:
        raise ChangeUnneeded(role=str(change.slot), reference=change.reference)
    references = {slot: model.reference for slot, model in lock.slots.items()} | {change.slot: change.reference}
    environment = read_environment([models.engine(name) for slot, name in references.items() if slot.role.renders])
    entry = LockChange(
        change.role, change.at, change.by, change.reason.strip(), before=before, after=after, tag=change.tag
    )
    changed = lock.with_change(entry, environment)
    # The pipeline first: if the process dies between the two writes, `run` refuses until this is said again.
    if lockable_models(pipeline).get(change.slot) != change.reference:
        edit_model(pipeline.path, change.role, change.reference, tag=change.tag)
    write_user_file(path, changed.to_text().encode())
    return Locked(changed, path, "changed")


def _model_differences(lock: Lock, slot: Slot, found: LockedModel) -> Iterator[str]:
    locked = lock.slots.get(slot)
    if locked is None:
        yield f"{found.reference} is in pipeline.yml, but not locked"
        return
    if locked.reference != found.reference:
        yield f"pipeline.yml names {found.reference}, the lock holds {locked.reference}"
    yield from locked.identity.differences(found.identity)
