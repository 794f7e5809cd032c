"""Collecting every problem of a configuration document, each at the place where a person would correct it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice

from renderlock.errors import ConfigurationError, Problem
from renderlock.spec.place import KeyPath, Place, dotted, quoted
from renderlock.spec.yaml_nodes import Fields, Items, Node

MOST_PROBLEMS = 200
"""Beyond this only their number is kept: a longer list helps nobody."""

MOST_SUGGESTIONS = 50
"""Finding the nearest word costs a millisecond or more; beyond this the list of allowed words must do."""

_LONGEST_SHOWN = 60
_MOST_CANDIDATES = 500


class Unresolved:
    """Stands where interpolation failed; its problem is reported already, so nobody complains again."""


UNRESOLVED = Unresolved()


@dataclass(frozen=True)
class Near:
    """A word a person wrote, and the known ones it may have been meant as.

    A mapping gives for each known word what to suggest instead of the word itself.
    """

    word: str
    known: Collection[str]

    def found(self) -> str:
        """The suggestion for the nearest known word, or empty text."""
        matches = get_close_matches(self.word[:100], list(islice(self.known, _MOST_CANDIDATES)), 1, 0.6)
        if not matches:
            return ""
        return str(self.known[matches[0]]) if isinstance(self.known, Mapping) else matches[0]


@dataclass
class _Collected:
    problems: dict[Problem, None] = field(default_factory=dict)
    more: int = 0


class Report:
    """The problems of one document so far, and where its values and keys are."""

    def __init__(self, file: str, root: Node) -> None:
        self.file = file
        self.root = root
        self._collected = _Collected()
        self._pin: Place | None = None

    def pinned(self, place: Place) -> Report:
        """This report, with everything added through the result standing at one place (a row of a table)."""
        pinned = Report(self.file, self.root)
        pinned._collected, pinned._pin = self._collected, place
        return pinned

    def node(self, path: KeyPath) -> Node | None:
        """The node written at `path`, or None where nothing is written there itself."""
        node = self.root
        for part in path:
            if isinstance(node, Fields) and part in node.fields:
                node = node.fields[str(part)][1]
            elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
            else:
                return None
        return node

    def place(self, path: KeyPath, *, at_key: bool = False) -> Place:
        """Where the value at `path` stands, or its key; the nearest one above where it has no own place."""
        if self._pin:
            return self._pin
        node, key = self.root, self.root
        for part in path:
            if isinstance(node, Fields) and part in node.fields:
                key, node = node.fields[str(part)]
            elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
                key = node = node.items[part]
            else:
                break
        nearest = key if at_key else node
        return Place(self.file, nearest.line, nearest.column)

    @property
    def full(self) -> bool:
        """Whether further problems are only counted, so that looking for their causes is in vain."""
        return len(self._collected.problems) >= MOST_PROBLEMS

    def add(self, path: KeyPath, found: str, allowed: str, *, near: Near | None = None, at_key: bool = False) -> None:
        """One problem with the value (or the key) at `path`; `near` is the word to find the nearest known one for."""
        if self.full:
            self._collected.more += 1
            return
        place = self.place(path, at_key=at_key)
        suggestion = near.found() if near and len(self._collected.problems) < MOST_SUGGESTIONS else ""
        self.add_all([Problem(place.file, place.line, place.column, dotted(path), found, allowed, suggestion)])

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Problems whose places are known already; a problem is kept once."""
        for problem in problems:
            if not self.full:
                self._collected.problems[problem] = None
            elif problem not in self._collected.problems:
                self._collected.more += 1

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems in the order of their places, this document's before those of tables it names."""
        found = self._collected.problems
        ordered = sorted(found, key=lambda one: (one.file != self.file, one.file, one.line, one.column))
        if self._collected.more:
            ordered.append(Problem(self.file, 1, 1, "", f"{self._collected.more} more problems", "none"))
        return tuple(ordered)

    def raise_problems(self) -> None:
        """Raises `ConfigurationError` with everything reported; does nothing where there is nothing."""
        if self._collected.problems:
            raise ConfigurationError(self.file, self.problems)


def describe(value: object) -> str:
    """A value as an error shows it: short, and telling its kind."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return quoted(value, _LONGEST_SHOWN)
        case int() | float():
            text = f"{value}"
            return f"{text[:_LONGEST_SHOWN]}…" if len(text) > _LONGEST_SHOWN else text
        case dict():
            return f"a map of {len(value)} key(s)"
        case list() | tuple():
            return f"a list of {len(value)}"
        case _:
            return type(value).__name__
