"""A deviation: a recorded difference between what was asked for and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from renderlock.spec.fields import JsonObject, text_at


@dataclass(frozen=True)
class Deviation:
    """What was asked, what was done instead, and why; shown wherever the picture is shown."""

    field: str
    asked: str
    done: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: asked {self.asked}, done {self.done} ({self.reason})"

    def to_json(self) -> JsonObject:
        """The deviation as a sidecar holds it."""
        return {"field": self.field, "asked": self.asked, "done": self.done, "reason": self.reason}

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The deviation a sidecar holds; raises `RecipeError` where a field is missing."""
        return cls(*(text_at(fields, name) for name in ("field", "asked", "done", "reason")))
