"""Rendering with tiny real models: what is refused, what is recorded, and how failures are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from renderlock.engines.base import Engine, EngineOptions, Unwatched
from renderlock.engines.diffusers_local.engine import DiffusersEngine, open_model
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import EngineFailed, ModelUnavailable, NotCapable, RecipeError
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Init, Recipe, Size, TilingPlan

SIZE = Size(32, 48)
GREY = np.full((48, 32, 3), 128, np.uint8)


def recipe_for(engine: Engine, request: Request) -> Recipe:
    return resolve(request, engine.identify(), engine.capabilities, "refuse").recipe


@pytest.fixture(scope="module")
def recipe(sd_engine: DiffusersEngine) -> Recipe:
    return recipe_for(sd_engine, Request("red apple", 7, size=SIZE, steps=2))


def test_a_size_off_the_models_cells_is_refused_or_rounded_on_record(sd_engine: DiffusersEngine) -> None:
    odd = Request("red apple", 7, size=Size(35, 48), steps=2)
    identity, facts = sd_engine.identify(), sd_engine.capabilities

    with pytest.raises(NotCapable, match="asked 35x48, done 32x48"):
        resolve(odd, identity, facts, "refuse")
    recorded = resolve(odd, identity, facts, "record")

    assert [deviation.field for deviation in recorded.deviations] == ["size"]
    assert sd_engine.render(recorded.recipe, None, Unwatched()).pixels.shape == (48, 32, 3)


def test_a_size_that_the_pipeline_rounds_by_itself_is_recorded(flux: Path) -> None:
    engine = open_model(str(flux), EngineOptions())
    recipe = recipe_for(engine, Request("red apple", 7, size=Size(32, 32), steps=1))

    render = engine.render(replace(recipe, size=Size(34, 32)), None, Unwatched())

    assert render.pixels.shape == (32, 32, 3)
    assert [str(deviation) for deviation in render.deviations] == [
        "size: asked 34x32, done 32x32 (FluxPipeline rounds sizes)"
    ]


def test_a_size_that_the_pipeline_refuses_is_an_engine_error(sd_engine: DiffusersEngine, recipe: Recipe) -> None:
    with pytest.raises(EngineFailed, match="divisible by 8"):
        sd_engine.render(replace(recipe, size=Size(34, 48)), None, Unwatched())


def test_a_prompt_longer_than_the_text_encoder_reads_is_recorded(sd_engine: DiffusersEngine, recipe: Recipe) -> None:
    render = sd_engine.render(replace(recipe, prompt="word " * 60), None, Unwatched())

    assert [deviation.field for deviation in render.deviations] == ["prompt"]
    assert "77 tokens" in render.deviations[0].reason


def test_a_negative_prompt_without_guidance_is_recorded_as_void(sd_engine: DiffusersEngine, recipe: Recipe) -> None:
    unguided = replace(recipe, negative_prompt="blur", guidance_scale=1.0)

    render = sd_engine.render(unguided, None, Unwatched())

    assert [(each.field, each.done) for each in render.deviations] == [("negative_prompt", "no effect")]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda recipe: replace(recipe, tiling=TilingPlan(Size(16, 16), 8)), "tiling"),
        (lambda recipe: replace(recipe, extras=(("clip_skip", 2),)), "clip_skip"),
        (lambda recipe: replace(recipe, sampler="dpmpp_3m"), "dpmpp_3m"),
    ],
)
def test_what_the_engine_would_have_to_ignore_is_refused(
    sd_engine: DiffusersEngine, recipe: Recipe, change: Callable[[Recipe], Recipe], named: str
) -> None:
    with pytest.raises(NotCapable, match=named):
        sd_engine.render(change(recipe), None, Unwatched())


def test_a_control_that_a_distilled_model_lacks_is_refused(z_engine: DiffusersEngine, flux: Path) -> None:
    z_recipe = recipe_for(z_engine, Request("red apple", 7, size=Size(32, 32), steps=1))
    schnell = open_model(str(flux), EngineOptions())
    flux_recipe = recipe_for(schnell, Request("red apple", 7, size=Size(32, 32), steps=1))

    with pytest.raises(NotCapable, match="negative_prompt"):
        z_engine.render(replace(z_recipe, negative_prompt="blur"), None, Unwatched())
    with pytest.raises(NotCapable, match="guidance_scale"):
        schnell.render(replace(flux_recipe, guidance_scale=3.0), None, Unwatched())


def test_a_strength_that_leaves_no_step_is_refused(sd_engine: DiffusersEngine, recipe: Recipe) -> None:
    faint = replace(recipe, steps=4, init=Init(digest_pixels(GREY), 0.2))

    with pytest.raises(RecipeError, match=r"at least 0\.25 with 4 steps"):
        sd_engine.render(faint, GREY, Unwatched())


def test_a_low_strength_stays_closer_to_the_init_picture(sd_engine: DiffusersEngine, recipe: Recipe) -> None:
    def distance(strength: float) -> float:
        from_grey = replace(recipe, steps=20, init=Init(digest_pixels(GREY), strength))
        pixels = sd_engine.render(from_grey, GREY, Unwatched()).pixels
        repainted = replace(recipe, steps=20, init=Init(digest_pixels(GREY), 1.0))
        free = sd_engine.render(repainted, GREY, Unwatched()).pixels
        return float(np.abs(pixels.astype(float) - free).mean())

    assert distance(0.1) > distance(0.6) > distance(1.0) == 0


@pytest.mark.parametrize("spelling", ["EulerDiscreteScheduler", "DPMSolverMultistepScheduler", "uni_pc"])
def test_a_class_name_asks_for_the_same_work_as_the_samplers_name(sd_engine: DiffusersEngine, spelling: str) -> None:
    name = dict(sd_engine.capabilities.sampler_aliases)[spelling]

    recipes = [recipe_for(sd_engine, Request("red apple", 7, size=SIZE, sampler=each)) for each in (spelling, name)]

    assert recipes[0].digest == recipes[1].digest


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_every_sampler_renders_with_very_few_steps(sd_engine: DiffusersEngine, recipe: Recipe, steps: int) -> None:
    few = [replace(recipe, steps=steps, sampler=name) for name in sd_engine.capabilities.samplers]

    shapes = {sd_engine.render(each, None, Unwatched()).pixels.shape for each in few}

    assert shapes == {(48, 32, 3)}


def test_an_interrupt_passes_through_unchanged(sd_engine: DiffusersEngine, recipe: Recipe) -> None:
    class Interrupting:
        def on_step(self, done: int, steps: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sd_engine.render(recipe, None, Interrupting())


def test_nothing_is_printed_while_loading_and_rendering(
    stable_diffusion: Path, recipe: Recipe, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = open_model(str(stable_diffusion), EngineOptions())

    engine.render(replace(recipe, prompt="word " * 60), None, Unwatched())

    engine.close()
    assert capfd.readouterr() == ("", "")


def test_torchs_settings_are_as_before_after_a_render(sd_engine: DiffusersEngine, recipe: Recipe) -> None:
    import torch  # noqa: PLC0415 - 12 s, when the engine has paid them already

    torch.set_num_threads(2)

    sd_engine.render(recipe, None, Unwatched())

    assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()


def test_weights_that_give_no_numbers_fail_instead_of_giving_a_black_picture(own_copy: Path) -> None:
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - in the extra `local`

    weights = own_copy / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors["decoder.conv_in.bias"] = np.full_like(tensors["decoder.conv_in.bias"], np.nan)
    save_file(tensors, weights, {"format": "pt"})
    engine = open_model(str(own_copy), EngineOptions())

    with pytest.raises(EngineFailed, match="NaN"):
        engine.render(recipe_for(engine, Request("red apple", 7, size=SIZE, steps=1)), None, Unwatched())


@pytest.mark.parametrize("file", ["text_encoder/model.safetensors", "tokenizer/tokenizer.json"])
def test_a_damaged_or_missing_file_is_told_when_the_model_is_loaded(own_copy: Path, file: str) -> None:
    engine = open_model(str(own_copy), EngineOptions())
    recipe = recipe_for(engine, Request("red apple", 7, size=SIZE, steps=1))
    (own_copy / file).write_bytes(b"\0" * 100)

    with pytest.raises(ModelUnavailable, match=file.partition("/")[0]):
        engine.render(recipe, None, Unwatched())


def test_weights_of_another_shape_than_the_config_says_are_told(own_copy: Path) -> None:
    config = own_copy / "unet" / "config.json"
    config.write_text(config.read_text().replace('"cross_attention_dim": 32', '"cross_attention_dim": 16'))
    engine = open_model(str(own_copy), EngineOptions())

    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        engine.render(recipe_for(engine, Request("red apple", 7, size=SIZE, steps=1)), None, Unwatched())


def test_a_device_that_is_not_there_is_told(stable_diffusion: Path, recipe: Recipe) -> None:
    engine = open_model(str(stable_diffusion), EngineOptions(device="mps"))

    with pytest.raises(ModelUnavailable, match="finds no mps device"):
        engine.render(recipe, None, Unwatched())


def test_hashes_are_asked_of_the_callers_port(stable_diffusion: Path) -> None:
    class Remembered:
        def of(self, path: Path) -> str:
            return f"hash of {path.name}"

    identity = open_model(str(stable_diffusion), EngineOptions(file_hashes=Remembered())).identify()

    assert dict(identity.files)["unet/config.json"] == "hash of config.json"
    assert (identity.engine, identity.model, identity.revision) == ("diffusers", str(stable_diffusion), "")
