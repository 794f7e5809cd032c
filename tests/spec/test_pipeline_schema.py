from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
from jsonschema import Draft202012Validator

from renderlock.errors import Problem
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.pipeline_model import AssetModel, PipelineModel, StepModel
from renderlock.spec.pipeline_schema import pipeline_schema
from renderlock.spec.yaml_nodes import Fields, Items, Node, Scalar, compose

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "pipeline.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(TABLE,) = re.findall(r"^```csv\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def written(node: Node | None) -> object:
    """A document as an editor sees it, references not filled in."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return [written(item) for item in node.items]
        case Fields():
            return {key: written(child) for key, (_, child) in node.fields.items()}
        case None:
            return None


def is_valid(text: str) -> bool:
    return Draft202012Validator(pipeline_schema()).is_valid(written(compose(text, "f")[0]))


def test_the_schema_file_is_current() -> None:
    stored = (DOCS / "pipeline.schema.json").read_text(encoding="utf-8")

    assert stored == json.dumps(pipeline_schema(), indent=2, ensure_ascii=False) + "\n", "run `renderlock schema`"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(pipeline_schema())


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_pages_examples_load_and_fit_the_schema(write_pipeline: Callable[[str], Path], text: str) -> None:
    path = write_pipeline(text)
    (path.parent / "prompts.csv").write_text(TABLE)

    assert load_pipeline(path).steps
    assert is_valid(text)


@pytest.mark.parametrize("key", [*PipelineModel.model_fields, *AssetModel.model_fields, *StepModel.model_fields])
def test_the_page_has_a_row_for_every_key(key: str) -> None:
    assert f"\n| `{key}` | " in PAGE


@pytest.mark.parametrize(
    "line",
    [
        "size: 0",
        "size: big",
        "size: true",
        "seize: 5",
        "needs: 5",
        "gate: yes",
        "strength: 2",
        "memory_budget: 10",
        "tiles: many",
        "deviations: no",
    ],
)
def test_what_loading_refuses_in_a_value_the_schema_refuses_too(
    problems_of: Callable[[str], Sequence[Problem]], line: str
) -> None:
    text = f"review_model: m\nsteps: [{{name: a, model: review, {line}}}]"

    assert problems_of(text)
    assert not is_valid(text)


@pytest.mark.parametrize(
    "line",
    [
        'size: "${x}"',
        'variants: "${x}"',
        'gate: "${x}"',
        'guidance_scale: "${x}"',
        'needs: "${x}"',
        'upscale: "${x}"',
        'strength: "${x}"',
        'memory_budget: "${x}"',
    ],
)
def test_a_reference_fits_wherever_a_value_does(line: str) -> None:
    assert is_valid(f"vars: {{x: 5}}\nsteps: [{{name: a, model: review, {line}}}]")


def test_the_schema_says_what_each_key_is_for() -> None:
    schema = pipeline_schema()
    models = [schema, *cast("dict[str, dict[str, object]]", schema["$defs"]).values()]
    properties = [cast("dict[str, dict[str, object]]", model.get("properties", {})) for model in models]

    assert all(one.get("description") for model in properties for one in model.values())
