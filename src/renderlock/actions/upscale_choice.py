"""Writing a study's choices into pipeline.yml: `upscaler` for all, `upscalers` by tag, everything else untouched.

The change is made in the text, then the text is read again and must differ in those two keys and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from renderlock.actions.user_files import refusals_as_unwritable
from renderlock.errors import ConfigurationError, InputUnusable, Problem
from renderlock.spec.text_file import TextUnusable, read_text, replace_text
from renderlock.spec.yaml_nodes import LARGEST_TEXT_BYTES, Fields, Items, Node, Scalar, YamlUnreadable, compose

DEFAULT_KEY = "upscaler"
BY_TAG_KEY = "upscalers"

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/@+-]*(?::[A-Za-z0-9._/@+-]+)*\Z")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off"}


def write_choices(path: Path, default: str, by_tag: Mapping[str, str]) -> None:
    """Writes the default upscaler and those by tag, keeping comments and layout; an empty `by_tag` leaves its key.

    Raises `ConfigurationError` where the file has problems or one of the keys cannot be replaced safely,
    `InputUnusable` where there is no such file, `FileUnwritable`.
    """
    text = _read(path)
    edited = text
    if by_tag:
        pairs = ", ".join(f"{_scalar(tag)}: {_scalar(reference)}" for tag, reference in sorted(by_tag.items()))
        edited = _with(edited, path, BY_TAG_KEY, f"{{{pairs}}}")
    edited = _with(edited, path, DEFAULT_KEY, _scalar(default))
    wanted = _plain(_fields(text, path)) | {DEFAULT_KEY: default} | ({BY_TAG_KEY: dict(by_tag)} if by_tag else {})
    if not _reads_as(edited, wanted):
        raise _unsafe(path, _fields(text, path))
    with refusals_as_unwritable(path):
        replace_text(path, edited)


def _with(text: str, path: Path, key: str, value: str) -> str:
    """The text with the key's value replaced, or with a line more at its end."""
    root = _fields(text, path)
    if key not in root.fields:
        if root.flow:
            raise _unsafe(path, root)
        return f"{text.rstrip()}\n{key}: {value}\n"
    written, node = root.fields[key]
    end = _end_of(node, text)
    if end is None or text[written.end : written.end + 1] != ":" or not text[written.end + 1 : end].strip():
        raise _unsafe(path, root)
    return f"{text[: written.end]}: {value}{text[end:]}"


def _end_of(node: Node, text: str) -> int | None:
    """Where a value ends in the text; None for one whose end cannot be told, as a list's."""
    if isinstance(node, Scalar):
        return node.end
    if isinstance(node, Items) or not node.fields:
        return None
    last = _end_of(list(node.fields.values())[-1][1], text)
    if last is None or not node.flow:
        return last
    closing = re.match(r"[\s,]*}", text[last:])
    return last + closing.end() if closing else None


def _reads_as(text: str, wanted: Mapping[str, object]) -> bool:
    """Whether the text is without problems and holds exactly that."""
    try:
        root, problems = compose(text.removeprefix("\ufeff"), "")
    except YamlUnreadable:
        return False
    return not problems and isinstance(root, Fields) and _plain(root) == wanted


def _read(path: Path) -> str:
    try:
        return read_text(path, LARGEST_TEXT_BYTES, keep_mark=True)
    except TextUnusable as error:
        action = "Name the pipeline file that shall hold the choice."
        raise InputUnusable(path=path, reason=error.problem.found, action=action) from error


def _fields(text: str, path: Path) -> Fields:
    try:
        root, problems = compose(text.removeprefix("\ufeff"), str(path))
    except YamlUnreadable as error:
        raise ConfigurationError(str(path), [error.problem]) from error
    if problems:
        raise ConfigurationError(str(path), problems)
    if not isinstance(root, Fields):
        raise ConfigurationError(str(path), [Problem(str(path), 1, 1, "", "no map", "a map of keys")])
    return root


def _unsafe(path: Path, root: Fields) -> ConfigurationError:
    found = [root.fields[key][0] for key in (DEFAULT_KEY, BY_TAG_KEY) if key in root.fields]
    line, column = (found[0].line, found[0].column) if found else (1, 1)
    allowed = f"`{DEFAULT_KEY}: NAME` and `{BY_TAG_KEY}: {{tag: NAME}}`, each on a line of its own; edit them by hand"
    return ConfigurationError(
        str(path), [Problem(str(path), line, column, DEFAULT_KEY, "a value that cannot be replaced safely", allowed)]
    )


def _scalar(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)


def _plain(node: Fields) -> dict[str, object]:
    return {key: _value(child) for key, (_, child) in node.fields.items()}


def _value(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [_value(item) for item in node.items]
    return _plain(node)
