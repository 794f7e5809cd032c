"""YAML text as a tree of nodes that know their place, read safely from people who may not mean well.

Nothing is evaluated: no tags, no merge keys, and plain scalars follow the YAML 1.2 core schema, so `no` and
`on` are text. Size, depth and alias expansion are bounded, so that any input is answered at once. The events
come from libyaml: it gives a place for every event at 40 times the speed of a parser written in Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol, cast

import yaml

from renderlock.errors import Problem
from renderlock.spec.place import dotted, quoted

LARGEST_TEXT_BYTES = 1024 * 1024
DEEPEST_NESTING = 16
LARGEST_EXPANSION = 20_000
"""How many nodes all aliases of a document together may repeat."""

MOST_VALUES = 150_000
"""How many keys and values a document may have."""

MOST_DUPLICATES = 200

Value = str | int | float | bool | None


class Scalar(NamedTuple):
    """One scalar as written; `start` and `end` are its character offsets, quotes included."""

    text: str
    plain: bool
    line: int
    column: int
    start: int
    end: int

    @property
    def value(self) -> Value:
        """The value by the YAML 1.2 core schema; quoted and block scalars are text."""
        return core_value(self.text) if self.plain else self.text


class Items(NamedTuple):
    """A sequence of nodes."""

    items: list[Node]
    line: int
    column: int


class Fields(NamedTuple):
    """A mapping: each key's text with the key itself and its node, in the order written."""

    fields: dict[str, tuple[Scalar, Node]]
    line: int
    column: int
    flow: bool


Node = Scalar | Items | Fields


class _Mark(Protocol):
    line: int
    column: int
    index: int


class _Event(Protocol):
    start_mark: _Mark
    end_mark: _Mark
    anchor: str | None
    value: str
    implicit: tuple[bool, bool]
    tag: str | None
    style: str | None
    flow_style: bool


class _Parser(Protocol):
    def get_event(self) -> _Event: ...


class YamlUnreadable(Exception):
    """The text is no YAML document renderlock reads; carries the one problem. Never leaves `spec`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,100}\Z|0o[0-7]{1,100}\Z|0x[0-9a-fA-F]{1,100}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,10})?\Z")
_WORDS: Mapping[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def core_value(text: str) -> Value:
    """What a plain scalar means by the YAML 1.2 core schema (section 10.3.2)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.match(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    return float(text) if _FLOAT.match(text) else text


def compose(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """The document's root (None for an empty text), and every duplicate or unusable key found on the way.

    Raises `YamlUnreadable` for what is no YAML, is nested or repeated beyond the bounds, has a tag, or is
    more than one document.
    """
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        line, column = position(text, forbidden.start())
        found = f"the character U+{ord(forbidden.group()):04X}"
        raise YamlUnreadable(Problem(file, line, column, "", found, "text without control characters"))
    composer = _Composer(file)
    parser = _parser(text)
    try:
        while composer.take(parser.get_event()):
            pass
    except yaml.MarkedYAMLError as error:
        raise YamlUnreadable(_syntax_problem(error, text, file)) from error
    except yaml.YAMLError as error:
        raise YamlUnreadable(Problem(file, 1, 1, "", str(error), "YAML 1.2")) from error
    return composer.root, composer.problems


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _parser(text: str) -> _Parser:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return cast("_Parser", loader(text))


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    allowed = "YAML 1.2"
    if "${" in here and "{" in here.replace("${", ""):
        allowed += '; inside { } or [ ], write "${name}" in quotes'
    context = f" {error.context}" if error.context else ""
    return Problem(file, line, column, "", f"a syntax error{context}: {error.problem}", allowed)


class _Open:
    """A collection whose end has not come yet."""

    def __init__(self, node: Items | Fields, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Scalar | None = None
        self.size = 1

    @property
    def position(self) -> str | int | None:
        """The key or list position that is being filled."""
        if isinstance(self.node, Items):
            return len(self.node.items)
        return self.key.text if self.key else None


class _Composer:
    """Builds the tree from events, without recursion, within the bounds."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._documents = 0
        self._values = 0
        self._repeated = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}

    def take(self, event: _Event) -> bool:
        """Adds one event; False after the last."""
        match type(event).__name__:
            case "ScalarEvent":
                self._scalar(event)
            case "MappingStartEvent":
                self._start(event, Fields({}, *_from_one(event), bool(event.flow_style)))
            case "SequenceStartEvent":
                self._start(event, Items([], *_from_one(event)))
            case "MappingEndEvent" | "SequenceEndEvent":
                self._end()
            case "AliasEvent":
                self._alias(event)
            case "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise self._refusal(event, "a second document (`---`)", "one document in a file")
            case "StreamEndEvent":
                return False
        return True

    def _scalar(self, event: _Event) -> None:
        self._refuse_tag(event)
        start, end = event.start_mark, event.end_mark
        # An empty plain scalar has the offsets of the next token; it ends where it starts.
        end_index = end.index if event.value or event.style else start.index
        plain = event.style in (None, "")
        node = Scalar(event.value, plain, start.line + 1, start.column + 1, start.index, end_index)
        if event.anchor:
            self._anchors[event.anchor] = (node, 1)
        self._add(node, 1)

    def _start(self, event: _Event, node: Items | Fields) -> None:
        self._refuse_tag(event)
        self._refuse_collection_as_key(event)
        if len(self._open) >= DEEPEST_NESTING:
            raise self._refusal(event, f"nesting deeper than {DEEPEST_NESTING}", f"at most {DEEPEST_NESTING} levels")
        self._open.append(_Open(node, event.anchor))

    def _end(self) -> None:
        done = self._open.pop()
        if done.anchor:
            self._anchors[done.anchor] = (done.node, done.size)
        self._add(done.node, done.size)

    def _alias(self, event: _Event) -> None:
        name = event.anchor or ""
        if name not in self._anchors:
            raise self._refusal(event, f"the alias *{name}", "an alias of an anchor that ends before it")
        node, size = self._anchors[name]
        self._repeated += size
        if self._repeated > LARGEST_EXPANSION:
            allowed = f"aliases that repeat at most {LARGEST_EXPANSION} values together"
            raise self._refusal(event, f"the alias *{name}, which repeats more", allowed)
        if not isinstance(node, Scalar):
            self._refuse_collection_as_key(event)
        self._add(node, size)

    def _add(self, node: Node, size: int) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            allowed = f"at most {MOST_VALUES} keys and values; put assets in a table with `assets_from`"
            raise YamlUnreadable(Problem(self.file, node.line, node.column, "", "more", allowed))
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += size
        if isinstance(parent.node, Items):
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = cast("Scalar", node)
        else:
            self._add_field(parent.node, parent.key, node)
            parent.key = None

    def _add_field(self, parent: Fields, key: Scalar, node: Node) -> None:
        if key.text in parent.fields:
            allowed = f"each key once; it is already on line {parent.fields[key.text][0].line}"
            self._problem_at_key(key, f"the key {quoted(key.text, 80)} again", allowed)
            return
        parent.fields[key.text] = (key, node)
        if key.text == "<<" and key.plain:
            allowed = "no merge key, which YAML 1.2 does not have; put shared values in `vars` and write ${name}"
            self._problem_at_key(key, "a merge key", allowed)

    def _problem_at_key(self, key: Scalar, found: str, allowed: str) -> None:
        path = dotted(tuple(part for one in self._open if (part := one.position) is not None))
        if len(self.problems) < MOST_DUPLICATES:
            self.problems.append(Problem(self.file, key.line, key.column, path, found, allowed))

    def _refuse_collection_as_key(self, event: _Event) -> None:
        if self._open and isinstance(self._open[-1].node, Fields) and self._open[-1].key is None:
            raise self._refusal(event, "a list or map as a key", "text as a key")

    def _refuse_tag(self, event: _Event) -> None:
        if event.tag is not None:
            raise self._refusal(event, f"the tag {event.tag[:80]}", "values without tags; none is evaluated")

    def _refusal(self, event: _Event, found: str, allowed: str) -> YamlUnreadable:
        line, column = _from_one(event)
        return YamlUnreadable(Problem(self.file, line, column, "", found, allowed))


def _from_one(event: _Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
