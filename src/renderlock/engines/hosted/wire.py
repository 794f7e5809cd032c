"""Requests and answers as values: what adapters give and read, without any HTTP library in sight.

Reading a provider's JSON tolerates keys it does not know and refuses values of the wrong shape with one `BadAnswer`
that names the path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from renderlock.errors import BadAnswer
from renderlock.spec.fields import JsonObject

TextPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Part:
    """One part of a multipart body; `filename` "" makes it a plain field."""

    name: str
    data: bytes
    media_type: str = "text/plain; charset=utf-8"
    filename: str = ""

    @classmethod
    def text(cls, name: str, text: str) -> Part:
        """A plain field."""
        return cls(name, text.encode())

    @classmethod
    def json(cls, name: str, value: object) -> Part:
        """A part that holds JSON."""
        return cls(name, json.dumps(value, ensure_ascii=False).encode(), "application/json")


@dataclass(frozen=True)
class WireRequest:
    """One HTTP request to a provider: a path below its base URL, and either a JSON body or multipart parts."""

    path: str
    method: Literal["GET", "POST", "PUT", "DELETE"] = "POST"
    json: JsonObject | None = None
    parts: tuple[Part, ...] = ()
    query: TextPairs = ()
    headers: TextPairs = field(default=(), repr=False)


@dataclass(frozen=True)
class Answer:
    """What a provider answered: status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self, model: str) -> Json:
        """The body as a JSON object; raises `BadAnswer` where it is none."""
        try:
            value: object = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(model=model, reason="it is not JSON", billed="maybe") from error
        return Json(value, model).as_object()


@dataclass(frozen=True)
class Json:
    """A value of a provider's JSON with the path to it; unknown keys are nobody's business."""

    value: object = field(repr=False)
    model: str
    path: str = "$"

    def at(self, key: str) -> Json:
        """The value at a key; its value is None where there is none."""
        fields = self.as_object().value
        assert isinstance(fields, dict)
        return Json(fields.get(key), self.model, f"{self.path}.{key}")

    def __bool__(self) -> bool:
        return self.value is not None

    def as_object(self) -> Json:
        """Itself, proven to be an object."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self

    def keys(self) -> tuple[str, ...]:
        """The keys of an object."""
        fields = self.as_object().value
        assert isinstance(fields, dict)
        return tuple(fields)

    def items(self) -> tuple[Json, ...]:
        """The items of a list; none where it is absent."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return tuple(Json(item, self.model, f"{self.path}[{place}]") for place, item in enumerate(self.value))

    def text(self, default: str | None = None) -> str:
        """The text here; `default`, where given, in place of an absent one."""
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def whole(self) -> int:
        """The whole number here."""
        if isinstance(self.value, float) and self.value.is_integer():
            return int(self.value)
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("a whole number")
        return self.value

    def number(self) -> float:
        """The number here."""
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.wrong("a number")
        return float(self.value)

    def truth(self, *, default: bool | None = None) -> bool:
        """The true or false here; `default`, where given, in place of an absent one."""
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def wrong(self, allowed: str) -> BadAnswer:
        """The error for a value of another shape."""
        found = "nothing" if self.value is None else type(self.value).__name__
        return BadAnswer(model=self.model, reason=f"{self.path} is {found}, not {allowed}", billed="maybe")
