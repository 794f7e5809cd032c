"""Model identity: which weights, by exact content, so that "the same model" is a fact and not a name.

A local model is its files by SHA-256; a hosted one is provider, model id and API surface. `ModelKey` is
the short form that goes into recipes; `ModelIdentity` is the long form that goes into the lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from renderlock.spec.canonical import canonical_sha256
from renderlock.spec.fields import JsonObject, object_at, text_at


@dataclass(frozen=True)
class ModelKey:
    """A model as a recipe names it.

    `revision` is the version of the weights (40 hex for a hub repository, the version of a shipped model,
    the provider's model version); `surface` is the engine's own arithmetic or the provider's API, with a
    number that rises when the same weights would give other pixels; `weights` is the SHA-256 over all
    files' names and hashes, empty for hosted models.
    """

    engine: str
    model: str
    revision: str
    surface: str
    weights: str

    @property
    def reference(self) -> str:
        """The reference that names this model, as a pipeline would write it."""
        return f"{self.engine}:{self.model}@{self.revision}" if self.revision else f"{self.engine}:{self.model}"

    def to_json(self) -> JsonObject:
        """The key as the recipe's `model` object."""
        return {
            "engine": self.engine,
            "model": self.model,
            "revision": self.revision,
            "surface": self.surface,
            "weights": self.weights,
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The key a recipe carries; raises `RecipeError` where a field is missing."""
        names = ("engine", "model", "revision", "surface", "weights")
        return cls(*(text_at(fields, name) for name in names))


@dataclass(frozen=True)
class ModelIdentity:
    """A model by exact content: the key's fields and every file with its SHA-256, sorted by path."""

    engine: str
    model: str
    revision: str
    surface: str
    files: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", tuple(sorted(self.files)))

    @cached_property
    def key(self) -> ModelKey:
        """The short form for recipes."""
        weights = canonical_sha256(dict(self.files)) if self.files else ""
        return ModelKey(self.engine, self.model, self.revision, self.surface, weights)

    def to_json(self) -> JsonObject:
        """The identity as the lock holds it."""
        return {
            "engine": self.engine,
            "model": self.model,
            "revision": self.revision,
            "surface": self.surface,
            "files": {path: f"sha256:{digest}" for path, digest in self.files},
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The identity a lock holds; raises `RecipeError` where a field is missing."""
        files = object_at(fields, "files")
        return cls(
            engine=text_at(fields, "engine"),
            model=text_at(fields, "model"),
            revision=text_at(fields, "revision"),
            surface=text_at(fields, "surface"),
            files=tuple((path, text_at(files, path).removeprefix("sha256:")) for path in files),
        )

    def differences(self, other: ModelIdentity) -> tuple[str, ...]:
        """Readable lines, one a difference, of `other` against this identity; empty when they are equal."""
        lines = []
        for field in ("engine", "model", "revision", "surface"):
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine != theirs:
                lines.append(f"{field}: locked {mine or '(none)'}, found {theirs or '(none)'}")
        locked, found = dict(self.files), dict(other.files)
        for path in sorted(locked.keys() | found.keys()):
            if path not in found:
                lines.append(f"file {path}: locked, but missing")
            elif path not in locked:
                lines.append(f"file {path}: found, but not locked")
            elif locked[path] != found[path]:
                lines.append(f"file {path}: locked sha256 {locked[path][:12]}…, found {found[path][:12]}…")
        return tuple(lines)
