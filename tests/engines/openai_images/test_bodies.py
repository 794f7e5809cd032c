"""What each server is sent for a recipe, and what its refusals mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.engines.base import EngineOptions
from renderlock.engines.hosted.wire import Answer
from renderlock.engines.openai_images.bodies import fields_of
from renderlock.engines.openai_images.dialects import DIALECTS, split_reference
from renderlock.engines.openai_images.engine import open_model
from renderlock.engines.openai_images.sizes import RatioRule
from renderlock.errors import KeyRefused, ModelRetired, NotCapable, QuotaExhausted, SafetyBlocked, UnknownName
from renderlock.spec.identity import ModelKey
from renderlock.spec.recipe import Init, Recipe, Size

KEY = ModelKey("openai-images", "m", "", "openai-images/1", "")
RECIPE = Recipe(KEY, "a red apple", 7, Size(512, 256), "text", 9, 3.5)
BASICS = {"model": "m", "prompt": "a red apple", "n": 1, "size": "512x256"}
SAMPLING = {"seed": 7, "num_inference_steps": 9, "guidance_scale": 3.5, "negative_prompt": "text"}


@pytest.mark.parametrize(
    ("dialect", "fields"),
    [
        ("openai-images", BASICS),
        ("vllm-omni", {**BASICS, **SAMPLING, "response_format": "b64_json"}),
        ("sglang", {**BASICS, **SAMPLING, "response_format": "b64_json"}),
        ("localai", {**BASICS, "step": 9, "negative_prompt": "text", "response_format": "b64_json"}),
    ],
)
def test_a_dialect_is_sent_what_it_understands_and_nothing_else(dialect: str, fields: dict[str, object]) -> None:
    assert fields_of(RECIPE, DIALECTS[dialect], "m") == fields


def test_sd_server_finds_its_controls_between_the_marks() -> None:
    recipe = Recipe(KEY, "a red apple", 7, Size(512, 512), "text", 9, 3.5, init=Init("0" * 64, 0.4))

    prompt = fields_of(recipe, DIALECTS["sd-cpp"], "m")["prompt"]

    assert isinstance(prompt, str)
    text, _, marked = prompt.partition(" <sd_cpp_extra_args>")
    assert text == "a red apple"
    assert json.loads(marked.removesuffix("</sd_cpp_extra_args>")) == {
        "seed": 7,
        "negative_prompt": "text",
        "strength": 0.4,
        "sample_params": {"sample_steps": 9, "guidance": {"txt_cfg": 3.5}},
    }


def test_an_extra_is_sent_where_it_is_known_and_refused_where_it_is_not() -> None:
    recipe = Recipe(KEY, "x", 0, Size(512, 512), extras=(("quality", "high"),))

    assert fields_of(recipe, DIALECTS["openai-images"], "m")["quality"] == "high"
    with pytest.raises(NotCapable, match="quality"):
        fields_of(recipe, DIALECTS["sglang"], "m")


@pytest.mark.parametrize(
    ("model", "dialect", "name"),
    [
        ("gpt-image-2", "openai-images", "gpt-image-2"),
        ("sglang/black-forest-labs/FLUX.1-dev", "sglang", "black-forest-labs/FLUX.1-dev"),
        ("sd-cpp/", "sd-cpp", ""),
        ("org/model", "openai-images", "org/model"),
    ],
)
def test_the_first_part_of_a_reference_is_the_dialect_where_it_is_one(model: str, dialect: str, name: str) -> None:
    assert split_reference(model) == (DIALECTS[dialect], name)


@pytest.mark.parametrize("model", ["", "sglang/"])
def test_a_server_of_many_models_needs_one_named(model: str) -> None:
    with pytest.raises(UnknownName):
        open_model(model, EngineOptions())


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "insufficient_quota", QuotaExhausted),
        (400, "moderation_blocked", SafetyBlocked),
        (400, "content_policy_violation", SafetyBlocked),
        (404, "model_not_found", ModelRetired),
        (401, "invalid_api_key", KeyRefused),
    ],
)
def test_a_refusal_is_told_by_its_code(status: int, code: str, error: type[Exception]) -> None:
    body = json.dumps({"error": {"message": "No.", "type": "x", "param": None, "code": code}}).encode()

    assert type(open_model("gpt-image-2", EngineOptions()).error_of(Answer(status, {}, body))) is error


@given(width=st.integers(16, 6000), height=st.integers(16, 6000))
def test_the_nearest_size_within_a_ratio_is_always_legal(width: int, height: int) -> None:
    rule = RatioRule(Size(1024, 1024), 16, 256, 3840, 3840 * 2160)
    assert rule.allows(rule.nearest(Size(width, height)))


def test_a_size_beyond_the_ratio_is_refused_and_said() -> None:
    rule = RatioRule(Size(1024, 1024), 16, 256, 3840, 3840 * 2160)

    assert not rule.allows(Size(1024, 256))
    assert rule.allows(Size(768, 256))
    assert "3 times" in str(rule)
