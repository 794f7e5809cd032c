"""The doctor: every line of the lock against this machine, the keys of hosted models, and the store.

It calls nobody unless it is told to ask the user's own servers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from renderlock.actions.lock import identify_model, lock_path_of, lockable_models
from renderlock.actions.machine import read_environment
from renderlock.actions.models import Models
from renderlock.engines.aliases import full_reference
from renderlock.engines.base import Hosted
from renderlock.engines.capabilities import Lifecycle, LifecycleState
from renderlock.engines.table import list_engines
from renderlock.errors import RenderlockError
from renderlock.files import write_file
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.lock import Lock, read_lock
from renderlock.spec.pipeline import Pipeline
from renderlock.spec.roles import Role
from renderlock.store.store import Store

LOW_DISK_BYTES = 1024**3

Health = Literal["ok", "warning", "broken"]


KEY_HEALTH: Mapping[str, Health] = MappingProxyType(
    {"set": "ok", "not needed": "ok", "unproven": "ok", "missing": "warning", "unusable": "broken"}
)
"""A missing key keeps nothing from being taken from the store; a key file that others can read is to be mended."""


@dataclass(frozen=True)
class Line:
    """One thing the doctor looked at, and how it is."""

    subject: str
    health: Health
    detail: str


def examine(pipeline: Pipeline, models: Models, *, servers: bool = False) -> tuple[Line, ...]:
    """Every line of the lock against this machine, file by file; keys of hosted models; then the store and the disk.

    Nothing is rendered and no weights are loaded; files are hashed afresh where `models` was opened so. Nobody is
    called: with `servers` the user's own servers are, to see whether they answer and still have the locked model.
    """
    hosted = tuple(_hosted_lines(pipeline, models, servers=servers))
    try:
        lock = read_lock(lock_path_of(pipeline))
    except RenderlockError as error:
        return (_broken("pipeline.lock", error), *hosted, *_store_lines(pipeline.store))
    here = (*_model_lines(pipeline, lock, models, servers=servers), *hosted)
    return (*here, *_environment_lines(lock, models), *_store_lines(pipeline.store))


def is_healthy(lines: tuple[Line, ...]) -> bool:
    """Whether nothing is broken; warnings are allowed."""
    return all(line.health != "broken" for line in lines)


def _hosted_lines(pipeline: Pipeline, models: Models, *, servers: bool) -> Iterator[Line]:
    """Key and server of every hosted model that the pipeline names, each once."""
    references = dict.fromkeys([*pipeline.models.values(), *(step.model for step in pipeline.steps)])
    for reference in (*references, *pipeline.upscalers.values()):
        engine = _hosted(models, reference)
        if engine is None:
            continue
        key = engine.key_state()
        yield Line(f"key of {reference}", KEY_HEALTH[key.state], key.says)
        if address := engine.own_server():
            yield (
                _server_line(reference, engine, address)
                if servers
                else Line(
                    f"server of {reference}", "ok", f"{address}, not asked; `renderlock doctor --servers` asks it"
                )
            )


def _hosted(models: Models, reference: str) -> Hosted | None:
    """The hosted engine of a reference; None for a local one, an upscaler that is no engine, or one that is unknown."""
    if full_reference(reference).partition(":")[0] not in {entry.name for entry in list_engines()}:
        return None
    try:
        engine = models.engine(reference)
    except RenderlockError:
        return None  # The line about its role says what is wrong with it.
    return engine if isinstance(engine, Hosted) else None


def _server_line(reference: str, engine: Hosted, address: str) -> Line:
    try:
        proven = engine.probe().proven
    except RenderlockError as error:
        return _broken(f"server of {reference}", error)
    return Line(f"server of {reference}", "ok", f"{address}: {'; '.join(proven)}")


def _model_lines(pipeline: Pipeline, lock: Lock, models: Models, *, servers: bool) -> Iterator[Line]:
    wanted = lockable_models(pipeline)
    for slot, locked in lock.slots.items():
        named = wanted.get(slot, locked.reference)
        if named != locked.reference:
            detail = f"pipeline.yml names {named}, the lock holds {locked.reference}"
            yield Line(f"{slot} reference", "broken", detail)
        engine = _hosted(models, locked.reference)
        if engine is not None and engine.own_server() and not servers:
            detail = "not compared: only its server knows; `renderlock doctor --servers` asks it"
            yield Line(f"{slot} {locked.reference}", "warning", detail)
            continue
        try:
            found = identify_model(models, slot.role, locked.reference).identity
            lifecycle = _lifecycle_of(models, slot.role, locked.reference)
        except RenderlockError as error:
            yield _broken(f"{slot} {locked.reference}", error)
            continue
        yield from _identity_lines(str(slot), locked.identity, found)
        if lifecycle.state is not LifecycleState.ACTIVE:
            successors = ", ".join(lifecycle.successors) or "none named"
            detail = f"{lifecycle.state.value} {lifecycle.on or ''}; successors: {successors}"
            yield Line(f"{slot} lifecycle", "warning", detail)
    for slot in sorted(wanted.keys() - lock.slots.keys()):
        yield Line(f"{slot} {wanted[slot]}", "broken", "in pipeline.yml, but not locked")


def _lifecycle_of(models: Models, role: Role, reference: str) -> Lifecycle:
    """The state of the model that a role renders with; upscalers have none that is known."""
    return models.engine(reference).capabilities.lifecycle if role.renders else Lifecycle()


def _identity_lines(role: str, locked: ModelIdentity, found: ModelIdentity) -> Iterator[Line]:
    differences = locked.differences(found)
    for field in ("engine", "model", "revision", "surface"):
        wrong = [line for line in differences if line.startswith(f"{field}:")]
        yield Line(f"{role} {field}", "broken" if wrong else "ok", wrong[0] if wrong else str(getattr(locked, field)))
    for path in sorted(dict(locked.files).keys() | dict(found.files).keys()):
        wrong = [line for line in differences if line.startswith(f"file {path}:")]
        intact = f"sha256 {dict(locked.files).get(path, '')[:12]}…"
        yield Line(f"{role} file {path}", "broken" if wrong else "ok", wrong[0] if wrong else intact)


def _environment_lines(lock: Lock, models: Models) -> Iterator[Line]:
    here = dict(read_environment(models.opened()).facts)
    for name, value in lock.environment.facts:
        found = here.get(name, "(absent)")
        if found == value:
            yield Line(name, "ok", value)
        else:
            yield Line(name, "warning", f"locked {value}, found {found}: expect equivalent pictures, not exact ones")


def _store_lines(path: Path) -> Iterator[Line]:
    if not path.exists():
        yield Line("store", "ok", f"{path} is made by the first run")
        return
    try:
        with Store.open(path) as store:
            store.index.version()
            proof = store.layout.new_temp("format", "doctor")
            write_file(proof, b"")
            proof.unlink()
    except (RenderlockError, OSError) as error:
        yield _broken("store", error)
        return
    free = shutil.disk_usage(path).free
    health: Health = "ok" if free >= LOW_DISK_BYTES else "warning"
    yield Line("store", "ok", f"{path} can be read and written")
    yield Line("disk", health, f"{free / 1024**3:.1f} GiB free")


def _broken(subject: str, error: Exception) -> Line:
    return Line(subject, "broken", str(error))
