"""Changing one role's model in pipeline.yml, leaving every other character of a person's file as it is.

The change is made in the text, then the text is read again and must differ in that one value and nowhere
else; where that cannot be had, the file stays untouched and the error says which line to edit by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from renderlock.errors import ConfigurationError, InputUnusable, Problem
from renderlock.spec.place import dotted
from renderlock.spec.report import Report, describe
from renderlock.spec.roles import Role
from renderlock.spec.text_file import TextUnusable, read_text, replace_text
from renderlock.spec.yaml_nodes import (
    LARGEST_TEXT_BYTES,
    Fields,
    Items,
    Node,
    Scalar,
    YamlUnreadable,
    compose,
    core_value,
)

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+-]*(?::[A-Za-z0-9._/@+-]+)*\Z")
TAGGED = "upscalers"
"""The key that holds the upscalers of assets by tag."""

_BYTE_ORDER_MARK = "\ufeff"


def edit_model(path: Path, role: Role, reference: str, *, tag: str = "") -> None:
    """Writes `reference` as the model of `role` or, with a tag, as that of `upscalers`, keeping comments and layout.

    Raises `ConfigurationError` where the role has no key, or its value is a reference, an alias, an anchor, of
    several lines, or repeated literally in a step; `InputUnusable` where the file cannot be read or written.
    """
    text = _read(path)
    mark, body = (_BYTE_ORDER_MARK, text[1:]) if text.startswith(_BYTE_ORDER_MARK) else ("", text)
    root = _fields(body, path)
    report = Report(str(path), root)
    keys = (TAGGED, tag) if tag else (role.key,)
    key, value = _written(root, keys, report)
    if not tag:
        _check_literal_uses(root, role, value, report)
    edited = body[: value.start] + _scalar(reference, plain=value.plain) + body[value.end :]
    if not _in_place(body, key, value) or not _differs_only_in(root, edited, keys, _escaped(reference)):
        allowed = "plain or quoted text on the key's own line, without an anchor"
        report.add(keys, "a value that cannot be replaced safely", allowed, at_key=True)
    report.raise_problems()
    try:
        replace_text(path, mark + edited)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputUnusable(path=path, reason=reason, action="Make the file and its folder writable.") from error


def _read(path: Path) -> str:
    try:
        return read_text(path, LARGEST_TEXT_BYTES, keep_mark=True)
    except TextUnusable as error:
        if error.problem.line:
            raise ConfigurationError(str(path), [error.problem]) from error
        action = "Go to the folder that holds it."
        raise InputUnusable(path=path, reason=error.problem.found, action=action) from error


def _fields(text: str, path: Path) -> Fields:
    try:
        root, problems = compose(text, str(path))
    except YamlUnreadable as error:
        raise ConfigurationError(str(path), [error.problem]) from error
    if problems:
        raise ConfigurationError(str(path), problems)
    if not isinstance(root, Fields):
        raise ConfigurationError(str(path), [Problem(str(path), 1, 1, "", "no map", "a map of keys")])
    return root


def _written(root: Fields, keys: tuple[str, ...], report: Report) -> tuple[Scalar, Scalar]:
    """The key that `keys` lead to and its value, where it is text of its own."""
    key: Node = root
    value: Node = root
    for name in keys:
        if not isinstance(value, Fields) or name not in value.fields:
            report.add((), f"no `{dotted(keys)}`", f"a line `{name}: MODEL`, written once by hand")
            report.raise_problems()
        assert isinstance(value, Fields)
        key, value = value.fields[name]
    if not isinstance(value, Scalar) or "${" in value.text:
        found = describe(value.text) if isinstance(value, Scalar) else "a list or map"
        allowed = "a model written out; this one takes its value from elsewhere, so change it there by hand"
        report.add(keys, found, allowed)
        report.raise_problems()
    assert isinstance(key, Scalar)
    assert isinstance(value, Scalar)
    return key, value


def _check_literal_uses(root: Fields, role: Role, old: Scalar, report: Report) -> None:
    """Reports steps that repeat the old model literally: they would name no role once it changes."""
    steps = root.fields["steps"][1] if "steps" in root.fields else None
    for index, step in enumerate(steps.items if isinstance(steps, Items) else []):
        model = step.fields.get("model") if isinstance(step, Fields) else None
        if model and isinstance(model[1], Scalar) and model[1].text == old.text:
            report.add(
                ("steps", index, "model"), describe(old.text), f"`${{{role.key}}}`, so that the change reaches it"
            )
    report.raise_problems()


def _in_place(text: str, key: Scalar, value: Scalar) -> bool:
    """Whether the value stands after its key on one line: no alias, anchor, or block scalar."""
    between = text[key.end : value.start]
    written = text[value.start : value.end]
    return between.strip() == ":" and "\n" not in between + written and written[:1] not in ("", "&", "|", ">")


def _scalar(reference: str, *, plain: bool) -> str:
    text = _escaped(reference)
    if plain and _PLAIN.match(text) and isinstance(core_value(text), str):
        return text
    return json.dumps(text, ensure_ascii=False)


def _escaped(reference: str) -> str:
    return reference.replace("${", "$${")


def _differs_only_in(before: Fields, edited: str, keys: tuple[str, ...], text: str) -> bool:
    """Whether the edited text holds `text` where the keys lead to and all else as before."""
    try:
        after, problems = compose(edited, "")
    except YamlUnreadable:
        return False
    if problems or not isinstance(after, Fields):
        return False
    return _plain(after) == _with(_plain_fields(before), keys, text)


def _with(fields: dict[str, object], keys: tuple[str, ...], text: str) -> dict[str, object]:
    """The fields with the text where the keys lead to."""
    first, *rest = keys
    inner = fields.get(first)
    if not rest or not isinstance(inner, dict):
        return {**fields, first: text}
    return {**fields, first: _with(inner, tuple(rest), text)}


def _plain_fields(node: Fields) -> dict[str, object]:
    return {key: _plain(child) for key, (_, child) in node.fields.items()}


def _plain(node: Scalar | Items | Fields) -> object:
    """The node without its places."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [_plain(item) for item in node.items]
    return _plain_fields(node)
