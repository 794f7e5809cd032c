"""What a workflow can be told, as capabilities."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.engines.capabilities import SeedGrade
from renderlock.engines.comfyui.facts import workflow_facts
from renderlock.engines.comfyui.workflow import Workflow
from renderlock.errors import InputUnusable
from renderlock.spec.recipe import Size


def workflow_of(**inputs: object) -> Workflow:
    return Workflow(Path("workflow.json"), {"1": {"class_type": "Any", "inputs": {"text": "{{prompt}}", **inputs}}})


def test_only_what_has_a_placeholder_can_be_told() -> None:
    facts = workflow_facts(workflow_of(width=640, height=384))

    assert (facts.seed, facts.steps, facts.guidance_scale) == (SeedGrade.NONE, None, None)
    assert not facts.negative_prompt
    assert not facts.img2img


def test_a_size_written_into_the_workflow_is_the_only_legal_one() -> None:
    sizes = workflow_facts(workflow_of(width=640, height=384)).sizes

    assert sizes.native == Size(640, 384)
    assert not sizes.allows(Size(640, 640))


def test_defaults_behind_the_equals_sign_are_the_models_own() -> None:
    facts = workflow_facts(
        workflow_of(w="{{width=768}}", h="{{height=512}}", s="{{seed}}", n="{{steps=9}}", g="{{guidance_scale=3.5}}")
    )

    assert facts.sizes.native == Size(768, 512)
    assert facts.seed is SeedGrade.DOCUMENTED
    assert facts.steps is not None
    assert facts.steps.default == 9
    assert facts.guidance_scale is not None
    assert facts.guidance_scale.default == 3.5


@pytest.mark.parametrize("inputs", [{}, {"width": 640}, {"w": "{{width=wide}}", "h": "{{height=512}}"}])
def test_a_workflow_without_a_size_cannot_be_used(inputs: dict[str, object]) -> None:
    with pytest.raises(InputUnusable):
        workflow_facts(workflow_of(**inputs))
