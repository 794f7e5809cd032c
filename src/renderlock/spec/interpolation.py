"""`${name}` in configuration: every value of a document with its references filled in.

A reference names a top-level key or a key of `vars`, `${a.b}` a value inside a map; `$${` is a literal `${`.
A value that is one reference keeps the type of what it names. Every failure is reported where the reference
stands, and what references may repeat is bounded. The environment is never read: secrets are not values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from renderlock.spec.finishing import LOCALE
from renderlock.spec.place import KeyPath, Place
from renderlock.spec.report import UNRESOLVED, Near, Report, Unresolved, describe
from renderlock.spec.yaml_nodes import Fields, Items, Node, Scalar

LONGEST_CHAIN = 10
"""How many references may lead from one to the next."""

LARGEST_REPETITION = 16 * 1024 * 1024
"""How many characters all references of a document together may repeat; any other value weighs 64."""

_WEIGHT = 64

_MARKER = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*\Z")
_ALLOWED = "`${name}` or `${a.b}` of a top-level key or a key of `vars`; `$${` for the characters themselves"


def single_reference(text: str) -> str | None:
    """The name in a text that is exactly one reference, or None."""
    marker = _MARKER.fullmatch(text)
    return marker.group(1) if marker and marker.group(1) is not None else None


@dataclass(frozen=True)
class _Looked:
    """What a name stands for, and how much it repeats wherever it is used."""

    value: object
    weight: int


class Interpolation:
    """Fills in the references of one document, whose top is a map."""

    def __init__(self, root: Fields, report: Report) -> None:
        self._root = root
        self._report = report
        self._looked_up: dict[str, _Looked] = {}
        self._under_way: list[str] = []
        self._repeated = 0

    def values(self) -> dict[str, object]:
        """The whole document as plain values; `UNRESOLVED` where a reference failed."""
        return {key: self._value(node, (key,)) for key, (_, node) in self._root.fields.items()}

    def text(self, text: str, path: KeyPath) -> object:
        """The value of one text with its references filled in; failures are reported at `path`."""
        if "${" not in text:
            return text
        name = single_reference(text)
        if name is not None:
            return self._look_up(name, path).value
        return self._mixed(text, path)

    def text_at(self, text: str, path: KeyPath, place: Place) -> object:
        """The same for a text from elsewhere, such as a table's cell; failures are reported at `place`."""
        outer, self._report = self._report, self._report.pinned(place)
        try:
            return self.text(text, path)
        finally:
            self._report = outer

    def _value(self, node: Node, path: KeyPath) -> object:
        if isinstance(node, Scalar):
            return self.text(node.text, path) if "${" in node.text else node.value
        if isinstance(node, Items):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.items)]
        return {key: self._value(child, (*path, key)) for key, (_, child) in node.fields.items()}

    def _mixed(self, text: str, path: KeyPath) -> object:
        parts: list[str] = []
        end, failed = 0, False
        for marker in _MARKER.finditer(text):
            if marker.group() == "${":
                self._report.add(path, "`${` without its `}`", _ALLOWED)
                return UNRESOLVED
            parts.append(text[end : marker.start()])
            end = marker.end()
            piece = self._piece(marker, path)
            failed = failed or piece is None
            parts.append(piece or "")
        return UNRESOLVED if failed else "".join(parts) + text[end:]

    def _piece(self, marker: re.Match[str], path: KeyPath) -> str | None:
        if marker.group() == "$${":
            return "${"
        value = self._look_up(marker.group(1), path).value
        if isinstance(value, Unresolved):
            return None
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str | int | float):
            return str(value)
        allowed = "text, a number or true/false where a reference stands within text"
        self._report.add(path, f"{marker.group()}, which is {describe(value)}", allowed)
        return None

    def _look_up(self, name: str, path: KeyPath) -> _Looked:
        if self._is_locale(name, path):
            return _Looked(LOCALE, len(LOCALE))
        target = self._target(name, path)
        if target is None:
            return _Looked(UNRESOLVED, 0)
        looked = self._looked_up.get(name)
        if looked is None:
            looked = self._looked_up[name] = self._find(name, path, *target)
        self._repeated += looked.weight
        if self._repeated > LARGEST_REPETITION:
            found = f"`${{{name[:80]}}}`, with which references repeat more than {LARGEST_REPETITION} characters"
            self._report.add(path, found, "references that repeat less")
            return _Looked(UNRESOLVED, 0)
        return looked

    def _is_locale(self, name: str, path: KeyPath) -> bool:
        """Whether a name stands for each of the locales: within an overlay, where nothing else is called so."""
        if f"${{{name}}}" != LOCALE or "overlay" not in path or "locales" not in self._root.fields:
            return False
        variables = self._root.fields.get("vars")
        return variables is None or not isinstance(variables[1], Fields) or name not in variables[1].fields

    def _find(self, name: str, path: KeyPath, node: Node, node_path: KeyPath) -> _Looked:
        if name in self._under_way:
            ring = " → ".join([*self._under_way[self._under_way.index(name) :], name])
            self._report.add(path, f"references that lead back to themselves: {ring}", "no cycle")
            return _Looked(UNRESOLVED, 0)
        if len(self._under_way) >= LONGEST_CHAIN:
            self._report.add(path, f"a chain of more than {LONGEST_CHAIN} references", "a shorter chain")
            return _Looked(UNRESOLVED, 0)
        self._under_way.append(name)
        value = self._value(node, node_path)
        self._under_way.pop()
        return _Looked(value, _weight(value))

    def _target(self, name: str, path: KeyPath) -> tuple[Node, KeyPath] | None:
        if name.startswith("env:"):
            found = f"`${{{name[:80]}}}`"
            allowed = "no environment variable: secrets are read by engines from variables they name, never put in text"
            self._report.add(path, found, allowed)
            return None
        if not _NAME.match(name):
            self._report.add(path, f"`${{{name[:80]}}}`", _ALLOWED)
            return None
        return self._walk(name, path)

    def _walk(self, name: str, path: KeyPath) -> tuple[Node, KeyPath] | None:
        parts = name.split(".")
        node: Node = self._root
        target: KeyPath = ()
        if parts[0] not in self._root.fields and "vars" in self._root.fields:
            node, target = self._root.fields["vars"][1], ("vars",)
        for part in parts:
            if not isinstance(node, Fields) or part not in node.fields:
                self._report_unknown(name, path)
                return None
            node, target = node.fields[part][1], (*target, part)
        return node, target

    def _report_unknown(self, name: str, path: KeyPath) -> None:
        shown = ", ".join(self._known[:20]) + (", …" if len(self._known) > 20 else "")
        found = f"the unknown variable `${{{name[:80]}}}`"
        self._report.add(path, found, f"one of: {shown}", near=Near(name, self._known))

    @cached_property
    def _known(self) -> list[str]:
        """Names that hold one value each, as candidates to show."""
        names = {key for key, (_, node) in self._root.fields.items() if isinstance(node, Scalar)}
        if "vars" in self._root.fields:
            names |= _leaves(self._root.fields["vars"][1], "")
        return sorted(names)


def _leaves(node: Node, prefix: str) -> set[str]:
    if not isinstance(node, Fields):
        return {prefix} if prefix else set()
    found: set[str] = set()
    for key, (_, child) in node.fields.items():
        found |= _leaves(child, f"{prefix}.{key}" if prefix else key)
    return found


def _weight(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return _WEIGHT + sum(map(_weight, value))
    if isinstance(value, dict):
        return _WEIGHT + sum(map(_weight, value.values()))
    return _WEIGHT
