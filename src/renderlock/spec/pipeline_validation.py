"""One map of pipeline.yml held against its model: the typed value, or a problem at the place of everything wrong.

Unknown keys are taken out and reported first, so that however large a map is, what pydantic can complain of
is bounded by the number of keys the model knows.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from renderlock.spec.place import KeyPath
from renderlock.spec.report import Near, Report, Unresolved, describe

_Model = TypeVar("_Model", bound=BaseModel)


def validated(
    model: type[_Model], value: object, path: KeyPath, report: Report, *, known: Collection[str] = ()
) -> _Model | None:
    """The map at `path` as its model, or None with its problems reported.

    `known` are the keys to choose from where the map has more of them than the model.
    """
    if not isinstance(value, dict):
        if not isinstance(value, Unresolved):
            report.add(path, describe(value), "a map")
        return None
    unknown = [key for key in value if key not in model.model_fields]
    for key in unknown:
        _report_unknown_key((*path, key), known or tuple(model.model_fields), report)
    try:
        return model.model_validate(
            {key: value[key] for key in value if key in model.model_fields} if unknown else value
        )
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if not isinstance(detail["input"], Unresolved):
                _report_one(detail, model, path, report)
    return None


def _report_one(detail: ErrorDetails, model: type[BaseModel], path: KeyPath, report: Report) -> None:
    path = (*path, *detail["loc"])
    found = detail["input"]
    match detail["type"]:
        case "unknown_key":
            _report_unknown_key((*path, *detail["ctx"]["at"]), detail["ctx"]["known"], report)
        case "missing":
            report.add(path, "nothing", model.model_fields[str(path[-1])].description or "a value")
        case "not_allowed":
            context = detail["ctx"]
            culprit = _inside(found, context["at"])
            if not isinstance(culprit, Unresolved):
                instead = context.get("instead")
                near = Near(str(culprit), {str(culprit): instead}) if instead else None
                report.add((*path, *context["at"]), describe(culprit), context["allowed"], near=near)
        case "literal_error":
            expected = str(detail["ctx"]["expected"]).replace("'", "`")
            words = re.findall("`([^`]+)`", expected)
            report.add(path, describe(found), expected, near=Near(str(found), words))
        case _:
            report.add(path, describe(found), detail["msg"])


def _report_unknown_key(path: KeyPath, known: Collection[str], report: Report) -> None:
    word = str(path[-1])
    shown = f"one of: {', '.join(known)}"
    report.add(path, f"the unknown key {describe(word)}", shown, near=Near(word, known), at_key=True)


def _inside(value: object, at: KeyPath) -> object:
    for part in at:
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
    return value
