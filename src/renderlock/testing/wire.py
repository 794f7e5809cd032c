"""Strict reading of what a client sent: one model a body, every problem at once.

Only the loopback providers use it: a product must take what it gets, a rehearsal must not.
"""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    """A JSON object with exactly these fields, each of exactly this type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ProtoModel(WireModel):
    """A JSON object of a protocol buffer: a field's name may be in camelCase or in snake_case."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


@dataclass(frozen=True)
class WireProblem:
    """One thing wrong in a body: where, what, pydantic's word for the kind, and what was found."""

    place: tuple[str | int, ...]
    message: str
    kind: str
    found: object

    @property
    def path(self) -> str:
        """The place as `a.b[0].c`."""
        text = ""
        for part in self.place:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text

    def __str__(self) -> str:
        return f"{self.path or 'body'}: {self.message}"


class Invalid(Exception):
    """A body that breaks the provider's rules."""

    def __init__(self, *problems: WireProblem) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


def invalid(place: str, message: str, found: object = None) -> Invalid:
    """One broken rule at a field, as an error to raise."""
    return Invalid(WireProblem((place,) if place else (), message, "value_error", found))


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], data: object) -> Model:
    """The body as a value; raises `Invalid` with every problem."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        problems = [WireProblem(tuple(each["loc"]), each["msg"], each["type"], each["input"]) for each in found]
        raise Invalid(*problems) from error
