"""From pydantic's errors to problems with places: what was found, what is allowed, the nearest known key."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from renderlock.spec.pipeline_model import AssetFields, AssetModel, NightlyModel, PipelineModel, StepModel
from renderlock.spec.place import KeyPath
from renderlock.spec.report import Report, Unresolved, describe, nearest

_ALLOWED_BY_TYPE: Mapping[str, str] = {
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "union_tag_not_found": "a list, or a map by name",
    "too_short": "at least one",
}


def report_validation(error: ValidationError, report: Report, prefix: KeyPath = ()) -> None:
    """Adds a problem for each of pydantic's errors; `prefix` leads to the value that was validated."""
    for detail in error.errors(include_url=False):
        if not isinstance(detail["input"], Unresolved):
            _report_one(detail, report, prefix)


def _report_one(detail: ErrorDetails, report: Report, prefix: KeyPath) -> None:
    path = prefix + tuple(part for part in detail["loc"] if not str(part).startswith("<") and part != "[key]")
    found = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            word, known = str(path[-1]), list(_model_at(path[:-1]).model_fields)
            shown = f"one of: {', '.join(known)}"
            report.add(path, f"the unknown key `{word[:80]}`", shown, suggestion=nearest(word, known), at_key=True)
        case "missing":
            allowed = _model_at(path[:-1]).model_fields[str(path[-1])].description or "a value"
            report.add(path, "nothing", allowed)
        case "not_allowed":
            context = detail["ctx"]
            report.add((*path, *context["at"]), describe(_inside(found, context["at"])), context["allowed"])
        case "literal_error":
            expected = str(detail["ctx"]["expected"]).replace("'", "`")
            report.add(path, describe(found), expected, suggestion=nearest(str(found), _words(expected)))
        case kind:
            report.add(path, describe(found), _ALLOWED_BY_TYPE.get(kind, detail["msg"]))


def _model_at(path: KeyPath) -> type[BaseModel]:
    """The model whose keys stand at `path`."""
    match path:
        case ("steps", _):
            return StepModel
        case ("assets", int()) | ("assets_from", _):
            return AssetModel
        case ("assets", _):
            return AssetFields
        case ("nightly",):
            return NightlyModel
        case _:
            return PipelineModel


def _inside(value: object, at: KeyPath) -> object:
    for part in at:
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
    return value


def _words(expected: str) -> list[str]:
    return expected.replace("`", "").split(" or ")
