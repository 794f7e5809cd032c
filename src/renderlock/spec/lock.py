"""pipeline.lock: which models a pipeline renders with, by exact identity, and every change of them on record.

The file is JSON with sorted keys and one fact a line, machine-written and committed. Values here are pure:
reading files and asking engines is done by `actions.lock`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from renderlock.errors import LockMissing, LockUnreadable, RecipeError
from renderlock.spec.canonical import canonical_sha256
from renderlock.spec.fields import JsonObject, object_at, objects_at, text_at
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.roles import Role

LOCK_FORMAT = "renderlock-lock/1"


@dataclass(frozen=True)
class Environment:
    """What on a machine may change pixels, as sorted name and value pairs, and one fingerprint over them."""

    facts: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", tuple(sorted(self.facts)))

    @property
    def fingerprint(self) -> str:
        """`env1:` and the first 32 hex of the SHA-256 over the facts."""
        return f"env1:{canonical_sha256(dict(self.facts))[:32]}"

    def differences(self, other: Environment) -> tuple[str, ...]:
        """Readable lines, one a fact, of `other` against this environment; empty when they are equal."""
        mine, theirs = dict(self.facts), dict(other.facts)
        return tuple(
            f"{name}: locked {mine.get(name, '(absent)')}, found {theirs.get(name, '(absent)')}"
            for name in sorted(mine.keys() | theirs.keys())
            if mine.get(name) != theirs.get(name)
        )


@dataclass(frozen=True)
class LockedModel:
    """What fills a role: the reference as the pipeline writes it, and the exact model behind it."""

    reference: str
    identity: ModelIdentity

    def to_json(self) -> JsonObject:
        """The model as the lock holds it."""
        return {"reference": self.reference, "identity": self.identity.to_json()}

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The model a lock holds; raises `RecipeError` where a field is missing."""
        return cls(text_at(fields, "reference"), ModelIdentity.from_json(object_at(fields, "identity")))


@dataclass(frozen=True, order=True)
class Slot:
    """What a lock pins one model for: a role or, with a tag, the upscaler of the assets that have it."""

    role: Role
    tag: str = ""

    def __str__(self) -> str:
        return f"{self.role.value} of {self.tag}" if self.tag else self.role.value


@dataclass(frozen=True)
class LockChange:
    """One entry of the history: who changed what fills a role, when, why, and what filled it before.

    `evidence` holds the addresses of verdicts that allowed the change, once gates ask for them. `tag` is that of the
    assets whose upscaler changed, "" for a role's own model.
    """

    role: Role
    at: datetime
    by: str
    reason: str
    before: LockedModel
    after: LockedModel
    evidence: tuple[str, ...] = ()
    tag: str = ""

    @property
    def slot(self) -> Slot:
        """What was changed."""
        return Slot(self.role, self.tag)

    def to_json(self) -> JsonObject:
        """The entry as the lock holds it; `tag` only where there is one, as locks were before there were tags."""
        return {
            **({"tag": self.tag} if self.tag else {}),
            "role": self.role.value,
            "at": self.at.isoformat(timespec="seconds"),
            "by": self.by,
            "reason": self.reason,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "evidence": list(self.evidence),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The entry a lock holds; raises `RecipeError` or `ValueError` where a field is wrong."""
        evidence = fields.get("evidence", [])
        return cls(
            role=Role(text_at(fields, "role")),
            at=datetime.fromisoformat(text_at(fields, "at")),
            by=text_at(fields, "by"),
            reason=text_at(fields, "reason"),
            before=LockedModel.from_json(object_at(fields, "before")),
            after=LockedModel.from_json(object_at(fields, "after")),
            evidence=tuple(map(str, evidence)) if isinstance(evidence, list) else (),
            tag=text_at(fields, "tag") if "tag" in fields else "",
        )


@dataclass(frozen=True)
class Lock:
    """Every locked role with its model, the environment it was locked on, and the history of changes.

    `upscalers` holds the upscaler of the assets with a tag, in place of the upscaler role's.
    """

    models: Mapping[Role, LockedModel]
    environment: Environment
    history: tuple[LockChange, ...] = field(default=())
    upscalers: Mapping[str, LockedModel] = field(default_factory=dict)

    @property
    def slots(self) -> dict[Slot, LockedModel]:
        """Every locked model by what it is pinned for: the roles, then the tags."""
        roles = {Slot(role): model for role, model in self.models.items()}
        return roles | {Slot(Role.UPSCALER, tag): model for tag, model in self.upscalers.items()}

    def with_models(self, models: Mapping[Slot, LockedModel]) -> Lock:
        """The lock with these models added or in place of those it has."""
        slots = {**self.slots, **models}
        return replace(
            self,
            models={slot.role: model for slot, model in slots.items() if not slot.tag},
            upscalers={slot.tag: model for slot, model in slots.items() if slot.tag},
        )

    def with_change(self, change: LockChange, environment: Environment) -> Lock:
        """The lock after a model change on record."""
        changed = self.with_models({change.slot: change.after})
        return replace(changed, environment=environment, history=(*self.history, change))

    def to_text(self) -> str:
        """The file's text: sorted keys, one fact a line, a final newline; `upscalers` only where there are any."""
        fields = {
            "format": LOCK_FORMAT,
            "models": _models_to_json({role.value: model for role, model in self.models.items()}),
            "environment": {"fingerprint": self.environment.fingerprint, "facts": dict(self.environment.facts)},
            "history": [change.to_json() for change in self.history],
            **({"upscalers": _models_to_json(self.upscalers)} if self.upscalers else {}),
        }
        return json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_text(cls, text: str, path: Path) -> Self:
        """The lock in a file's text; raises `LockUnreadable` where it is not what renderlock wrote."""
        if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines()):
            reason = "it holds the marks of a merge conflict, so two branches changed it"
            raise LockUnreadable(path=path, reason=reason)
        try:
            return cls._from_json(json.loads(text, object_pairs_hook=_each_key_once))
        except RecursionError as error:
            raise LockUnreadable(path=path, reason="it is nested too deep") from error
        except (ValueError, RecipeError) as error:
            raise LockUnreadable(path=path, reason=str(error).rstrip(".")) from error

    @classmethod
    def _from_json(cls, fields: object) -> Self:
        if not isinstance(fields, dict):
            raise ValueError("it is not a JSON object")
        if text_at(fields, "format") != LOCK_FORMAT:
            msg = f"its format is {fields['format']!r}, this version reads {LOCK_FORMAT!r}"
            raise ValueError(msg)
        models = object_at(fields, "models")
        upscalers = object_at(fields, "upscalers") if "upscalers" in fields else {}
        environment = object_at(fields, "environment")
        facts = object_at(environment, "facts")
        lock = cls(
            models={Role(role): LockedModel.from_json(object_at(models, role)) for role in models},
            environment=Environment(tuple((name, text_at(facts, name)) for name in facts)),
            history=tuple(LockChange.from_json(entry) for entry in objects_at(fields, "history")),
            upscalers={tag: LockedModel.from_json(object_at(upscalers, tag)) for tag in upscalers},
        )
        _refuse_edits(lock, text_at(environment, "fingerprint"))
        return lock


def read_lock(path: Path) -> Lock:
    """The lock at `path`; raises `LockMissing` or `LockUnreadable`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise LockMissing(path=path) from error
    except OSError as error:
        raise LockUnreadable(path=path, reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise LockUnreadable(path=path, reason=error) from error
    return Lock.from_text(text, path)


def _models_to_json(models: Mapping[str, LockedModel]) -> JsonObject:
    return {name: model.to_json() for name, model in models.items()}


def _each_key_once(pairs: list[tuple[str, object]]) -> JsonObject:
    """A JSON object; raises `ValueError` where a key stands twice, as after a merge that went wrong."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"the key {twice!r} stands twice"
        raise ValueError(msg)
    return fields


def _refuse_edits(lock: Lock, fingerprint: str) -> None:
    """A model that the history did not put there was edited in by hand."""
    if lock.environment.fingerprint != fingerprint:
        msg = "the environment's facts and fingerprint do not fit: it was edited"
        raise ValueError(msg)
    latest = {change.slot: change.after for change in lock.history}
    for slot, model in latest.items():
        if lock.slots.get(slot) != model:
            msg = f"the {slot} model is not the one its history ends with: it was edited"
            raise ValueError(msg)
