"""Workflows with placeholders: what they can be told, and files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engines.comfyui.workflows import TEXT_TO_IMAGE, written

from renderlock.engines.comfyui.workflow import Workflow, read_workflow
from renderlock.errors import InputUnusable


def workflow_of(**inputs: object) -> Workflow:
    return Workflow(Path("workflow.json"), {"1": {"class_type": "Any", "inputs": inputs}})


@given(prompt=st.text(), seed=st.integers(0, 2**53))
def test_any_prompt_arrives_unchanged_and_a_number_stays_a_number(prompt: str, seed: int) -> None:
    workflow = workflow_of(alone="{{prompt}}", within="<{{ prompt }}> {{seed=4}}", seed="{{seed}}", link=["2", 0])

    filled = workflow.filled({"prompt": prompt, "seed": seed})["1"]

    assert isinstance(filled, dict)
    assert filled["inputs"] == {"alone": prompt, "within": f"<{prompt}> {seed}", "seed": seed, "link": ["2", 0]}


def test_a_placeholder_keeps_its_default_and_its_place() -> None:
    place = workflow_of(text="{{prompt}}", steps="{{ steps = 12 }}").places["steps"]
    assert (place.node, place.input, place.default) == ("1", "steps", "12")


def test_model_files_are_found_by_their_endings() -> None:
    workflow = workflow_of(ckpt_name="sd15.safetensors", text="{{prompt}}", lora_name="ink.pt", strength_model=1.0)
    assert workflow.model_files() == (("ckpt_name", "sd15.safetensors"), ("lora_name", "ink.pt"))


def changed(**inputs: object) -> object:
    return {"1": {"class_type": "Any", "inputs": {"text": "{{prompt}}", **inputs}}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "Expecting"),
        ("[]", "API format"),
        ('{"nodes": [], "links": []}', "API format"),
        (json.dumps({"1": {"class_type": "Any", "inputs": {}}}), "{{prompt}}"),
        (json.dumps(changed(a="{{sead}}")), "{{sead}}"),
        (json.dumps(changed(a="{{width=512}}")), "without {{height}}"),
        (json.dumps(changed(a="{{init}}")), "without {{strength}}"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_what_to_do(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "workflow.json"
    path.write_text(content)

    with pytest.raises(InputUnusable) as caught:
        read_workflow(path)

    assert words in str(caught.value)
    assert caught.value.advice


def test_a_good_file_is_read(tmp_path: Path) -> None:
    workflow = read_workflow(written(tmp_path, TEXT_TO_IMAGE))
    assert set(workflow.places) == {
        "prompt",
        "negative_prompt",
        "seed",
        "width",
        "height",
        "steps",
        "guidance_scale",
        "sampler",
    }
