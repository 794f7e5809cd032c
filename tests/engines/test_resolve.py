"""From a request to an exact recipe: defaults filled in, the impossible refused all at once or taken on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.engines.capabilities import (
    Capabilities,
    GuidanceRange,
    Lifecycle,
    LifecycleState,
    SeedGrade,
    SizeRule,
    StepRange,
)
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import ModelRetired, NotCapable
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Init, Size

MODEL = ModelIdentity("diffusers", "org/model", "0" * 40, "diffusers-1", (("a", "1" * 64),))
ABLE = Capabilities(
    sizes=SizeRule(Size(512, 512), 8, 64, 2048, 2048 * 2048),
    seed=SeedGrade.EXACT,
    steps=StepRange(1, 100, 20),
    guidance_scale=GuidanceRange(1.0, 20.0, 7.5),
    negative_prompt=True,
    img2img=True,
    samplers=("euler", "heun"),
    sampler_aliases=(("EulerDiscreteScheduler", "euler"), ("HeunDiscreteScheduler", "heun")),
)
UNABLE = Capabilities(
    sizes=SizeRule(Size(1024, 1024), 1, 1, 1, 1, (Size(1024, 1024), Size(1344, 768))),
    seed=SeedGrade.NONE,
    steps=None,
    guidance_scale=None,
    negative_prompt=False,
    img2img=False,
    hosted=True,
)
PLAIN = Request("a fox", 7)
FULL = Request("a fox", 7, size=Size(500, 333), negative_prompt="blur", steps=500, guidance_scale=0.5, sampler="heum")

requests = st.builds(
    Request,
    prompt=st.just("a fox"),
    seed=st.integers(0, 1000),
    size=st.none() | st.builds(Size, st.integers(1, 4000), st.integers(1, 4000)),
    negative_prompt=st.sampled_from(["", "blur"]),
    steps=st.none() | st.integers(1, 1000),
    guidance_scale=st.none() | st.floats(0, 100),
    sampler=st.sampled_from([None, "euler", "HeunDiscreteScheduler", "unknown"]),
)


def test_what_is_not_asked_is_filled_in_with_the_models_defaults() -> None:
    resolved = resolve(PLAIN, MODEL, ABLE, "refuse")

    recipe = resolved.recipe
    assert (recipe.size, recipe.steps, recipe.guidance_scale, recipe.sampler) == (Size(512, 512), 20, 7.5, "euler")
    assert recipe.model == MODEL.key
    assert resolved.deviations == ()


def test_a_model_without_a_control_leaves_it_out_of_the_recipe() -> None:
    recipe = resolve(replace(PLAIN, seed=0), MODEL, UNABLE, "refuse").recipe

    assert (recipe.steps, recipe.guidance_scale, recipe.sampler) == (None, None, None)
    assert "steps" not in recipe.to_json()


def test_saying_a_default_is_the_same_work_as_leaving_it_out() -> None:
    said = replace(PLAIN, size=Size(512, 512), steps=20, guidance_scale=7.5, sampler="EulerDiscreteScheduler")

    assert resolve(said, MODEL, ABLE, "refuse").recipe.digest == resolve(PLAIN, MODEL, ABLE, "refuse").recipe.digest


def test_everything_impossible_is_refused_at_once_with_the_nearest_legal_value() -> None:
    with pytest.raises(NotCapable) as caught:
        resolve(FULL, MODEL, replace(ABLE, negative_prompt=False), "refuse")

    lines = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == [
        "negative_prompt",
        "size",
        "steps",
        "guidance_scale",
        "sampler",
    ]
    assert "done 504x336" in lines[1]
    assert "done 100" in lines[2]
    assert "asked heum, done heun (the model has euler, heun)" in lines[4]
    assert str(caught.value).startswith("diffusers:org/model cannot do this")


def test_with_record_the_nearest_is_taken_and_noted() -> None:
    resolved = resolve(FULL, MODEL, ABLE, "record")

    recipe = resolved.recipe
    assert (recipe.size, recipe.steps, recipe.guidance_scale, recipe.sampler) == (Size(504, 336), 100, 1.0, "heun")
    assert [deviation.field for deviation in resolved.deviations] == ["size", "steps", "guidance_scale", "sampler"]
    assert recipe.negative_prompt == "blur"


def test_a_sampler_that_resembles_none_becomes_the_default_one() -> None:
    resolved = resolve(replace(PLAIN, sampler="zzz"), MODEL, ABLE, "record")

    assert resolved.recipe.sampler == "euler"
    assert "the model has euler, heun" in resolved.deviations[0].reason


def test_a_misspelt_class_name_leads_to_the_sampler_behind_it() -> None:
    resolved = resolve(replace(PLAIN, sampler="HeunDiscreteSheduler"), MODEL, ABLE, "record")

    assert resolved.recipe.sampler == "heun"


def test_controls_a_model_does_not_have_are_noted_as_its_own() -> None:
    asked = replace(FULL, size=Size(1300, 700))

    resolved = resolve(asked, MODEL, UNABLE, "record")

    noted = {deviation.field: deviation.done for deviation in resolved.deviations}
    assert noted == {
        "size": "1344x768",
        "seed": "no seed",
        "steps": "the model's own",
        "guidance_scale": "the model's own",
        "sampler": "the model's own",
        "negative_prompt": "none",
    }
    assert (resolved.recipe.seed, resolved.recipe.negative_prompt) == (0, "")


def test_an_init_picture_for_a_model_that_takes_none_is_refused_even_on_record() -> None:
    asked = replace(PLAIN, seed=0, init=Init("a" * 64, 0.5))

    with pytest.raises(NotCapable, match="cannot start from a picture"):
        resolve(asked, MODEL, UNABLE, "record")


def test_a_retired_model_is_refused_even_on_record_with_its_successors() -> None:
    retired = Lifecycle(LifecycleState.RETIRED, date(2026, 6, 24), ("org/newer",))

    with pytest.raises(ModelRetired, match=r"retired since 2026-06-24. Successors: org/newer") as caught:
        resolve(PLAIN, MODEL, replace(ABLE, lifecycle=retired), "record")

    assert "renderlock lock --change ROLE --to org/newer" in caught.value.advice


def test_a_deprecated_model_still_renders() -> None:
    deprecated = Lifecycle(LifecycleState.DEPRECATED, date(2027, 1, 1))

    assert resolve(PLAIN, MODEL, replace(ABLE, lifecycle=deprecated), "refuse").deviations == ()


@given(requests, st.sampled_from([ABLE, UNABLE]))
def test_on_record_every_request_becomes_a_recipe_the_model_can_render(
    request: Request, capabilities: Capabilities
) -> None:
    resolved = resolve(request, MODEL, capabilities, "record")

    recipe = resolved.recipe
    again = Request(
        recipe.prompt,
        recipe.seed,
        recipe.size,
        recipe.negative_prompt,
        recipe.steps,
        recipe.guidance_scale,
        recipe.sampler,
    )
    assert resolve(again, MODEL, capabilities, "refuse").recipe == recipe


@given(requests, st.sampled_from([ABLE, UNABLE]))
def test_a_request_is_refused_exactly_where_recording_it_would_note_a_deviation(
    request: Request, capabilities: Capabilities
) -> None:
    deviations = resolve(request, MODEL, capabilities, "record").deviations

    if not deviations:
        assert resolve(request, MODEL, capabilities, "refuse").deviations == ()
        return
    with pytest.raises(NotCapable) as caught:
        resolve(request, MODEL, capabilities, "refuse")
    assert all(str(deviation) in str(caught.value) for deviation in deviations)
