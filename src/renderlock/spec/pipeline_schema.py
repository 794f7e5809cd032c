"""The JSON Schema of pipeline.yml, for editors: made from the models, so that it cannot tell another story.

Where the format takes a value it takes `${name}` too, so every value that is not free text may also be text
with a reference in it. What only a whole file shows (names that exist, cycles, roles) is not in the schema.
"""

from __future__ import annotations

from typing import cast

from renderlock.spec.pipeline_model import JsonSchema, PipelineModel

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE: JsonSchema = {"$ref": "#/$defs/Reference"}
_NOISE = ("title", "default")


def pipeline_schema() -> JsonSchema:
    """The schema as one JSON object, draft 2020-12."""
    schema = cast("JsonSchema", _without_noise(PipelineModel.model_json_schema()))
    models = cast("dict[str, JsonSchema]", schema.pop("$defs"))
    reference = {"type": "string", "pattern": r"\$\{[^{}]+\}", "description": "Text with `${name}` in it."}
    opened = {name: _open_children(model) for name, model in sorted(models.items())}
    return {
        "$schema": DRAFT,
        "title": "renderlock pipeline.yml",
        **_open_children(schema),
        "$defs": {**opened, "Reference": reference},
    }


def _without_noise(value: object) -> object:
    """The value without what pydantic adds for machines; keys of `properties` are names and stay."""
    if isinstance(value, list):
        return [_without_noise(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {name: _without_noise(one) for name, one in item.items()} if key == "properties" else _without_noise(item)
        for key, item in value.items()
        if key not in _NOISE
    }


def _open_children(schema: JsonSchema) -> JsonSchema:
    """The schema with every value inside it open to references; its own kind stays as it is."""
    opened = dict(schema)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        opened["properties"] = {name: _open(one) for name, one in properties.items()}
    for key in ("items", "additionalProperties"):
        child = schema.get(key)
        if isinstance(child, dict):
            opened[key] = _open(child)
    for key in ("anyOf", "oneOf"):
        children = schema.get(key)
        if isinstance(children, list):
            opened[key] = [_open_children(one) for one in children]
    return opened


def _open(schema: JsonSchema) -> JsonSchema:
    """The schema, or a text with a reference."""
    opened = _open_children(schema)
    if _takes_any_text(schema) or schema == {}:
        return opened
    description = {"description": opened.pop("description")} if "description" in opened else {}
    choices = opened["anyOf"] if set(opened) == {"anyOf"} else [opened]
    return {**description, "anyOf": [*cast("list[JsonSchema]", choices), _REFERENCE]}


def _takes_any_text(schema: JsonSchema) -> bool:
    choices = schema.get("anyOf", [schema])
    return any(
        one.get("type") == "string" and not one.keys() & {"pattern", "enum", "const"}
        for one in cast("list[JsonSchema]", choices)
    )
