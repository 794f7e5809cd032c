"""Steps of the upscaler role, as pipeline.yml writes them: what they need, and what makes no sense on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from renderlock.errors import Problem
from renderlock.spec.finishing import enlargement_fault
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.pipeline_model import StepModel
from renderlock.spec.recipe import Size
from renderlock.spec.roles import Role
from renderlock.spec.upscaler_steps import KEYS, RENDERING_KEYS

Write = Callable[[str], Path]
ProblemsOf = Callable[[str], Sequence[Problem]]

HEAD = """\
final_model: m
upscaler: lanczos
assets: [{name: hero, prompt: a cat}]
steps:
  - {name: final, model: final, size: 1024x768}
"""


def with_step(keys: str) -> str:
    return f'{HEAD}  - {{name: large, model: "${{upscaler}}", {keys}}}\n'


@pytest.mark.parametrize("source", ["needs: final", "needs: [final]", "init_from: final"])
def test_the_one_step_it_needs_is_the_one_whose_pictures_are_enlarged(write_pipeline: Write, source: str) -> None:
    step = load_pipeline(write_pipeline(with_step(f"{source}, upscale: 2"))).steps[1]

    assert (step.role, step.init_from, step.needs, step.strength) == (Role.UPSCALER, "final", ("final",), None)


def test_every_key_of_a_step_is_either_of_rendering_or_for_the_upscaler_too() -> None:
    assert RENDERING_KEYS | set(KEYS) == set(StepModel.model_fields)
    assert not RENDERING_KEYS & set(KEYS)


@pytest.mark.parametrize(
    ("keys", "key", "found"),
    [
        ("upscale: 2", "steps[1]", "an upscaler step with no step to take its pictures from"),
        ("needs: final", "steps[1]", "neither `size` nor `upscale`"),
        ("needs: final, size: 4096x3072, upscale: 4", "steps[1].upscale", "both `size` and `upscale`"),
        ("needs: final, upscale: 2, sampler: euler", "steps[1].sampler", "`sampler` on a step of the upscaler"),
        ("needs: final, upscale: 2, strength: 0.4", "steps[1].strength", "`strength` on a step of the upscaler"),
        ("needs: final, upscale: 2, guidance_scale: 7", "steps[1].guidance_scale", "`guidance_scale` on a step of"),
        ("needs: final, upscale: 2, num_inference_steps: 7", "steps[1].num_inference_steps", "`num_inference_steps`"),
        ("needs: final, size: 512x384", "steps[1].size", "512x384 for a picture of 1024x768"),
        ("needs: final, size: 4096", "steps[1].size", "4096x4096 for a picture of 1024x768"),
        ("needs: nowhere, upscale: 2", "steps[1].needs", '"nowhere", which is no step'),
    ],
)
def test_what_makes_no_sense_is_told_at_its_place(problems_of: ProblemsOf, keys: str, key: str, found: str) -> None:
    (problem,) = problems_of(with_step(keys))

    assert (problem.line, problem.key) == (6, key)
    assert problem.found.startswith(found)


def test_several_steps_before_it_want_one_named(problems_of: ProblemsOf) -> None:
    text = HEAD.replace("steps:", 'steps:\n  - {name: other, model: "${final_model}"}')
    (problem,) = problems_of(text + '  - {name: large, model: "${upscaler}", needs: [final, other], upscale: 2}\n')

    assert (problem.key, problem.found) == ("steps[2].needs", "2 steps in `needs`")
    assert "`init_from`" in problem.allowed


def test_sizes_add_up_over_steps_that_follow_each_other_in_any_order(problems_of: ProblemsOf) -> None:
    text = HEAD.replace("steps:", 'steps:\n  - {name: last, model: "${upscaler}", needs: large, size: 3000x2250}')
    (problem,) = problems_of(text + '  - {name: large, model: "${upscaler}", needs: final, upscale: 4}\n')

    assert (problem.line, problem.found) == (5, "3000x2250 for a picture of 4096x3072")
    assert problem.allowed == "at least the picture's own 4096x3072"


@pytest.mark.parametrize(
    ("upscale", "allowed"),
    [
        ("512x384", "at least the picture's own 1024x768"),
        ("2048x2048", "a size in its proportions, as 2048x1536"),
    ],
)
def test_a_final_s_own_enlargement_that_cannot_be_is_told_at_its_place(
    problems_of: ProblemsOf, upscale: str, allowed: str
) -> None:
    (problem,) = problems_of(HEAD.replace("1024x768", f"1024x768, upscale: {upscale}"))

    assert (problem.line, problem.column, problem.key) == (5, 58, "steps[0].upscale")
    assert (problem.found, problem.allowed) == (f"{upscale} for a picture of 1024x768", allowed)


def test_a_step_that_starts_from_one_with_locales_is_one_a_locale_too(write_pipeline: Write) -> None:
    text = HEAD.replace("steps:", "locales: [en, de]\nsteps:").replace("768}", '768, overlay: "b.${locale}.svg"}')
    after = (
        '  - {name: large, model: "${upscaler}", needs: final, upscale: 2}\n  - {name: z, model: final, needs: large}\n'
    )

    steps = {step.name: step for step in load_pipeline(write_pipeline(text + after)).steps}

    assert list(steps) == ["final-en", "final-de", "large-en", "large-de", "z"]
    assert [steps[name].init_from for name in ("large-en", "large-de")] == ["final-en", "final-de"]
    assert steps["large-de"].needs == ("final-de",)
    assert steps["z"].needs == ("large-en", "large-de")


@pytest.mark.parametrize(
    ("target", "fault"),
    [(Size(1024, 768), ""), (Size(1500, 1125), ""), (Size(1501, 1125), ""), (Size(32769, 24577), "1 to 32768 pixels")],
)
def test_an_enlargement_in_proportion_has_no_fault(target: Size, fault: str) -> None:
    assert enlargement_fault(Size(1024, 768), target).startswith(fault)
    assert bool(enlargement_fault(Size(1024, 768), target)) == bool(fault)
