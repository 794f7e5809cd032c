"""Typed reading of JSON objects that renderlock itself wrote: recipes, sidecars, locks, events.

Each function gives the value at a key with its type proven, or one `RecipeError` that names the key.
"""

from __future__ import annotations

from collections.abc import Mapping

from renderlock.errors import RecipeError

JsonObject = dict[str, object]


def text_at(fields: Mapping[str, object], key: str) -> str:
    """The text at `key`."""
    value = fields.get(key)
    if not isinstance(value, str):
        raise RecipeError(field=key, found=_kind(value), allowed="text")
    return value


def whole_at(fields: Mapping[str, object], key: str) -> int:
    """The whole number at `key`; 7.0 counts as 7, as canonical JSON writes both alike."""
    value = fields.get(key)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RecipeError(field=key, found=_kind(value), allowed="a whole number")
    return value


def optional_number(fields: Mapping[str, object], key: str) -> float | None:
    """The number at `key`, or None where the key is absent."""
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RecipeError(field=key, found=_kind(value), allowed="a number")
    return float(value)


def object_at(fields: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The JSON object at `key`."""
    value = optional_object(fields, key)
    if value is None:
        raise RecipeError(field=key, found="nothing", allowed="a JSON object")
    return value


def optional_object(fields: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    """The JSON object at `key`, or None where the key is absent."""
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RecipeError(field=key, found=_kind(value), allowed="a JSON object")
    return value


def objects_at(fields: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """The list of JSON objects at `key`; an absent key is an empty list."""
    value = fields.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RecipeError(field=key, found=_kind(value), allowed="a list of JSON objects")
    return value


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
