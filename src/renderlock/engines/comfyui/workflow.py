"""A workflow in API format with placeholders: what it can be told, and the graph for one recipe.

A placeholder is `{{name}}` or, with what is used when nobody says, `{{name=value}}`. Alone in a text it becomes the
value itself, a number for a number; within a text it becomes part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from renderlock.errors import InputUnusable
from renderlock.spec.canonical import canonical_sha256
from renderlock.spec.fields import JsonObject

NAMES = (
    "prompt",
    "negative_prompt",
    "seed",
    "width",
    "height",
    "steps",
    "guidance_scale",
    "sampler",
    "init",
    "strength",
)
_PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+)\s*(?:=\s*([^{}]*?)\s*)?\}\}")
_ACTION = "Save it in ComfyUI with `Export (API)`, then write {{prompt}}, {{seed}}, {{width}} … where they belong."
MODEL_FILES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf")

Value = str | int | float


@dataclass(frozen=True)
class Place:
    """Where a placeholder stands: node, input, and what is used when nobody says ("" for nothing)."""

    node: str
    input: str
    default: str


@dataclass(frozen=True)
class Workflow:
    """A graph by node id, as the file holds it."""

    path: Path
    graph: Mapping[str, Mapping[str, object]]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the graph as canonical JSON, so that spaces and the order of keys do not count."""
        return canonical_sha256(dict(self.graph))

    @cached_property
    def places(self) -> dict[str, Place]:
        """The placeholders by name; of one that stands several times, the first with a default."""
        found: dict[str, Place] = {}
        for node, key, text in self._texts():
            for match in _PLACEHOLDER.finditer(text):
                place = Place(node, key, match[2] or "")
                if match[1] not in found or (place.default and not found[match[1]].default):
                    found[match[1]] = place
        return found

    def filled(self, values: Mapping[str, Value]) -> JsonObject:
        """The graph with values in the placeholders' places."""
        return {node: _filled_node(fields, values) for node, fields in self.graph.items()}

    def class_of(self, node: str) -> str:
        """The class of a node."""
        return str(self.graph[node]["class_type"])

    def model_files(self) -> tuple[tuple[str, str], ...]:
        """The inputs that name a model file, each with the file's name, sorted."""
        found = {(key, text) for _, key, text in self._texts() if text.lower().endswith(MODEL_FILES)}
        return tuple(sorted(found))

    def literal(self, name: str) -> int | None:
        """The whole number that stands at the first input of that name, None where none does."""
        for fields in self.graph.values():
            value = _inputs(fields).get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        return None

    def _texts(self) -> Iterator[tuple[str, str, str]]:
        for node, fields in self.graph.items():
            for key, value in _inputs(fields).items():
                if isinstance(value, str):
                    yield node, key, value


def read_workflow(path: Path) -> Workflow:
    """The workflow of a file; raises `InputUnusable` for one that cannot be used, with what to do."""
    try:
        graph: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputUnusable(path=path, reason=error, action=_ACTION) from error
    if not isinstance(graph, dict) or not graph or not all(_is_node(node) for node in graph.values()):
        reason = "it is no workflow in API format (an object of nodes with class_type and inputs)"
        raise InputUnusable(path=path, reason=reason, action=_ACTION)
    workflow = Workflow(path, graph)
    _check_places(workflow)
    return workflow


def _check_places(workflow: Workflow) -> None:
    names = workflow.places.keys()
    unknown = sorted(names - set(NAMES))
    if unknown:
        reason = f"it has the placeholder {{{{{unknown[0]}}}}}; known are {', '.join(NAMES)}"
        raise InputUnusable(path=workflow.path, reason=reason, action="Correct the placeholder.")
    if "prompt" not in names:
        reason = "no {{prompt}} is in it, so every prompt would give the same picture"
        raise InputUnusable(path=workflow.path, reason=reason, action=_ACTION)
    for one, other in (("width", "height"), ("height", "width"), ("init", "strength"), ("strength", "init")):
        if one in names and other not in names:
            reason = f"it has {{{{{one}}}}} without {{{{{other}}}}}"
            raise InputUnusable(path=workflow.path, reason=reason, action=f"Write {{{{{other}}}}} too.")


def _is_node(node: object) -> bool:
    return isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict)


def _inputs(fields: Mapping[str, object]) -> Mapping[str, object]:
    inputs = fields["inputs"]
    assert isinstance(inputs, dict)
    return inputs


def _filled_node(fields: Mapping[str, object], values: Mapping[str, Value]) -> JsonObject:
    inputs = {key: _filled(value, values) for key, value in _inputs(fields).items()}
    return {**fields, "inputs": inputs}


def _filled(value: object, values: Mapping[str, Value]) -> object:
    if not isinstance(value, str):
        return value
    alone = _PLACEHOLDER.fullmatch(value.strip())
    if alone is not None:
        return values[alone[1]]
    # A function in place of a text: a prompt may hold backslashes.
    return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), value)
