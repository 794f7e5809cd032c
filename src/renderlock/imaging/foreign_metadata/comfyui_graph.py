"""ComfyUI's executed graph as nodes with literals and links, and bounded walks over it.

Nobody promises that the graph is acyclic, small or of known nodes, so every walk counts its visits, and nodes are
judged by the names of their inputs, which custom nodes keep, before the names of their classes, which they don't.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from renderlock.imaging.foreign_metadata.json_text import JsonMap

MOST_NODES = 20_000
MOST_VISITS = 2_000

Literal = str | int | float | bool


@dataclass(frozen=True)
class Link:
    """The output `slot` of the node `node`."""

    node: str
    slot: int


@dataclass(frozen=True)
class Node:
    """One executed node: its class and its inputs, told apart into literals and links."""

    key: str
    kind: str
    literals: dict[str, Literal]
    links: dict[str, Link]

    def text(self, *names: str) -> str | None:
        """The first of the literals `names` that is a text with more than blanks."""
        values = (self.literals.get(name) for name in names)
        return next((value for value in values if isinstance(value, str) and value.strip()), None)


Graph = dict[str, Node]


def parse_graph(fields: JsonMap) -> Graph:
    """The nodes of a graph in API form; empty where it is none, or has too many nodes."""
    if len(fields) > MOST_NODES:
        return {}
    nodes = (_node(key, value) for key, value in fields.items())
    return {node.key: node for node in nodes if node is not None}


def upstream(graph: Graph, start: Link, names: Callable[[Node], list[str]]) -> Iterator[tuple[Node, int]]:
    """The nodes above `start`, nearest first, with the slot they were entered by, along the inputs `names` picks."""
    queue, seen = [start], {start.node}
    for link in queue:
        if len(seen) > MOST_VISITS:
            return
        node = graph.get(link.node)
        if node is None:
            continue
        yield node, link.slot
        for name in names(node):
            following = node.links.get(name)
            if following is not None and following.node not in seen:
                seen.add(following.node)
                queue.append(following)


def every_input(node: Node) -> list[str]:
    """All linked inputs."""
    return list(node.links)


def text_at(graph: Graph, node: Node, name: str) -> str | None:
    """The text of an input: its literal, or what the nodes it is linked to say."""
    return _text(graph, node, name, _Visits())


def number_at(graph: Graph, node: Node, *names: str) -> Literal | None:
    """The number of the first of the inputs `names` that has one, through primitives and reroutes."""
    for name in names:
        value = _number(graph, node, name)
        if value is not None:
            return value
    return None


class _Visits:
    """Counts down, so that cycles and fans end."""

    def __init__(self) -> None:
        self.left = MOST_VISITS
        self.inside: set[str] = set()

    def enter(self, key: str) -> bool:
        """Whether the node may be looked at: not while it is being looked at already."""
        self.left -= 1
        if self.left < 0 or key in self.inside or len(self.inside) > 100:
            return False
        self.inside.add(key)
        return True


_RESULT_TEXTS = ("text_0", "populated_text", "processed_text")
"""Literals in which a node keeps the text it made, so that it needs no second guess."""

_TEXTS = ("text", "string", "value", "prompt", "wildcard_text", "positive", "Text", "String", "text_positive")
_PARTS = tuple(f"{stem}{mark}" for stem in ("text", "string", "prompt") for mark in
               ("_a", "_b", "_c", "_d", "1", "2", "3", "4", "_1", "_2", "_3", "_4"))  # fmt: skip
_NOT_TEXT = frozenset(("model", "clip", "vae", "image", "images", "conditioning", "latent", "samples", "mask", "pipe"))
_NUMBERS = ("value", "seed", "noise_seed", "int", "float", "number", "Value", "Number", "INT", "FLOAT", "a")


def _text(graph: Graph, node: Node, name: str, visits: _Visits) -> str | None:
    literal = node.literals.get(name)
    if literal is not None:
        return literal if isinstance(literal, str) else None
    link = node.links.get(name)
    source = graph.get(link.node) if link else None
    if source is None or not visits.enter(source.key):
        return None
    try:
        return _own_text(graph, source, visits)
    finally:
        visits.inside.discard(source.key)


def _own_text(graph: Graph, node: Node, visits: _Visits) -> str | None:
    """The text that a node puts out: kept from its run, joined of parts, its own, or passed through."""
    kept = node.text(*_RESULT_TEXTS)
    if kept is not None:
        return kept
    parts = [_text(graph, node, part, visits) for part in _PARTS if part in node.literals or part in node.links]
    if len(parts) > 1:
        delimiter = node.literals.get("delimiter", node.literals.get("separator", ""))
        joint = delimiter.replace("\\n", "\n") if isinstance(delimiter, str) else ""
        return joint.join(part for part in parts if part)
    named = (name for name in _TEXTS if name in node.literals or name in node.links)
    others = (name for name in node.links if name not in _NOT_TEXT)
    for name in (*named, *others):
        found = _text(graph, node, name, visits)
        if found is not None:
            return found
    texts = [value for value in node.literals.values() if isinstance(value, str)]
    return texts[0] if len(texts) == 1 else None


def _number(graph: Graph, node: Node, name: str) -> Literal | None:
    literal = node.literals.get(name)
    if literal is not None or name not in node.links:
        return literal
    for source, _ in upstream(graph, node.links[name], every_input):
        values = [source.literals[key] for key in (name, *_NUMBERS) if _is_number(source.literals.get(key))]
        values = values or [value for value in source.literals.values() if _is_number(value)]
        if values:
            return values[0]
    return None


def _is_number(value: Literal | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _node(key: str, value: object) -> Node | None:
    if not isinstance(value, dict) or not isinstance(value.get("inputs"), dict):
        return None
    kind = value.get("class_type")
    literals: dict[str, Literal] = {}
    links: dict[str, Link] = {}
    for name, held in value["inputs"].items():
        if isinstance(held, str | int | float | bool):
            literals[name] = held
        elif _is_link(held):
            links[name] = Link(str(held[0]), held[1])
        elif isinstance(held, dict) and isinstance(held.get("__value__"), str):
            literals[name] = held["__value__"]
    return Node(key, kind if isinstance(kind, str) else "", literals, links)


def _is_link(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int) and isinstance(value[1], int)
