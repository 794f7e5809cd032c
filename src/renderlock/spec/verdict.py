"""A verdict: a gate's result as a value, with every measure, its limit, and where the evidence is.

A failed gate is a result, not an error. The store keeps a verdict as an event of kind `verdict` about the picture.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from renderlock.errors import RecipeError, UnknownName
from renderlock.spec.fields import JsonObject, object_at, objects_at, optional_number, text_at

VERDICT_KIND = "verdict"
"""The kind of the event that keeps a verdict."""


@dataclass(frozen=True)
class Measure:
    """One number of a verdict. It passes from `least` to `most`; a limit that is None does not bind.

    `says` tells what the number is in a few words, with its unit.
    """

    name: str
    value: float
    says: str
    least: float | None = None
    most: float | None = None

    @property
    def passes(self) -> bool:
        """Whether the value is within its limits; a value that is no number never is."""
        above = self.least is None or self.value >= self.least
        below = self.most is None or self.value <= self.most
        return self.value == self.value and above and below

    def __str__(self) -> str:
        limits = [f"at least {self.least:g}"] if self.least is not None else []
        limits += [f"at most {self.most:g}"] if self.most is not None else []
        return f"{self.name} {self.value:.4g} ({', '.join(limits) or 'no limit'}): {self.says}"


@dataclass(frozen=True)
class Verdict:
    """What one gate said about one picture; `notes` are checks that were skipped or done differently, with why."""

    gate: str
    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every measure is within its limits."""
        return all(measure.passes for measure in self.measures)

    @property
    def failures(self) -> tuple[Measure, ...]:
        """The measures that are not."""
        return tuple(measure for measure in self.measures if not measure.passes)

    def with_limits(self, limits: Mapping[str, float]) -> Verdict:
        """The verdict under a team's own limits by measure, each in place of the limit that binds.

        Raises `UnknownName` for a measure this gate does not have or that has no limit.
        """
        bound = [measure.name for measure in self.measures if measure.least is not None or measure.most is not None]
        for name in limits:
            if name not in bound:
                raise UnknownName(kind=f"limit of the {self.gate} gate", name=name, known=", ".join(bound) or "none")
        return replace(self, measures=tuple(_limited(measure, limits) for measure in self.measures))

    def to_pairs(self) -> tuple[tuple[str, str], ...]:
        """The fields of the event that keeps it."""
        content = {"passed": self.passed, "measures": [_measure_to_json(measure) for measure in self.measures]}
        return (
            ("gate", self.gate),
            ("result", json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)),
            ("notes", "\n".join(self.notes)),
        )

    @classmethod
    def from_pairs(cls, pairs: Mapping[str, object]) -> Self:
        """The verdict an event's fields hold; raises `RecipeError` where one is missing or of another type."""
        content = object_at({"result": _parse(text_at(pairs, "result"))}, "result")
        measures = tuple(_measure(fields) for fields in objects_at(content, "measures"))
        notes = text_at(pairs, "notes")
        return cls(text_at(pairs, "gate"), measures, tuple(notes.splitlines()))


def _limited(measure: Measure, limits: Mapping[str, float]) -> Measure:
    limit = limits.get(measure.name)
    if limit is None:
        return measure
    return replace(measure, most=limit) if measure.most is not None else replace(measure, least=limit)


def _parse(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except ValueError as error:
        raise RecipeError(field="result", found="text that is no JSON", allowed="a JSON object") from error
    return parsed


def _measure_to_json(measure: Measure) -> JsonObject:
    fields = {name: value for name, value in vars(measure).items() if value is not None}
    if not math.isfinite(measure.value):
        del fields["value"]
    return fields


def _measure(fields: Mapping[str, object]) -> Measure:
    value = optional_number(fields, "value")
    return Measure(
        name=text_at(fields, "name"),
        value=float("nan") if value is None else value,
        says=text_at(fields, "says"),
        least=optional_number(fields, "least"),
        most=optional_number(fields, "most"),
    )
