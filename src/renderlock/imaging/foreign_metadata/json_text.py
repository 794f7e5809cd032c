"""JSON that a stranger wrote into a picture: read with bounds, and without an exception for any input.

Values are then asked for by kind, leniently: tools write the same number as `7`, `7.0` or `"7"`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from renderlock.imaging.foreign_metadata.base import LARGEST_TEXT_BYTES

JsonMap = Mapping[str, object]


def parse_map(text: str) -> JsonMap | None:
    """The JSON object in `text`, NaN and infinities read as null; None where it is not one object."""
    if text.lstrip()[:1] != "{" or len(text) > LARGEST_TEXT_BYTES:
        return None
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def map_at(fields: JsonMap, key: str) -> JsonMap:
    """The object at `key`, or an empty one."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def maps_at(fields: JsonMap, key: str) -> list[JsonMap]:
    """The objects of the list at `key`, other items left out."""
    value = fields.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """The text, or the number as text; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value) if abs(value) < 1e300 else None
    return None


def whole_of(value: object) -> int | None:
    """The whole number, also where it is written as text or as a float without a fraction."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    number = number_of(value) if not isinstance(value, str) else None
    if number is not None and number.is_integer():
        return int(number)
    if isinstance(value, str) and len(value) <= 32:
        return _whole_from_text(value.strip())
    return None


def number_of(value: object) -> float | None:
    """The finite number, also where it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 64:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def size_of(width: object, height: object) -> tuple[int, int] | None:
    """Width and height in pixels where both are whole numbers."""
    sides = whole_of(width), whole_of(height)
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def compact(value: object) -> str:
    """Text as it is, other values as JSON on one line; empty where it is nested too deeply to write."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return ""


def extras_of(fields: JsonMap, known: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """All fields but the `known` ones as text, nulls left out."""
    return tuple((name, compact(value)) for name, value in fields.items() if name not in known and value is not None)


def _whole_from_text(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        pass
    number = number_of(text)
    return int(number) if number is not None and number.is_integer() else None
