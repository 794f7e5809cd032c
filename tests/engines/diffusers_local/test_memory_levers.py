"""Levers, tiles of the decoder, and what is kept of an attempt that ran out: each against the plain render."""

# ruff: noqa: PLC0415 - the modules under test import torch, which takes seconds that collecting tests must not

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.diffusers_local.engine import DiffusersEngine, open_model
from renderlock.engines.memory_facts import MemoryFacts
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import NotCapable, OutOfMemory, RecipeError
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.recipe import Init, Recipe, Size

LARGE = Size(128, 96)

LARGEST_STAGE = 25
"""Allocations of one stage of the decoder, with room."""


def recipe_of(engine: DiffusersEngine, size: Size = LARGE, *, steps: int = 2) -> Recipe:
    guidance = engine.capabilities.guidance_scale
    scale = None if guidance is None or guidance.default is None else max(guidance.default, 4.0)
    request = Request("red apple", 7, size=size, steps=steps, guidance_scale=scale)
    return resolve(request, engine.identify(), engine.capabilities, "record").recipe


def pixels_of(engine: DiffusersEngine, recipe: Recipe) -> Pixels:
    return engine.render(recipe, None, Unwatched()).pixels


@pytest.fixture
def engine(stable_diffusion: Path) -> Iterator[DiffusersEngine]:
    opened = open_model(str(stable_diffusion), EngineOptions())
    yield opened
    opened.close()


def test_the_engine_tells_its_memory(engine: DiffusersEngine) -> None:
    assert isinstance(engine, MemoryFacts)
    assert engine.device() == "cpu"
    assert engine.device_peak() is None
    assert set(engine.capabilities.levers) >= {"vae_tile_px", "attention-slicing", "split-guidance"}


@pytest.mark.parametrize("lever", ["attention-slicing", "split-guidance"])
def test_a_lever_gives_the_same_picture_but_for_rounding(engine: DiffusersEngine, lever: str) -> None:
    recipe = recipe_of(engine)
    plain = pixels_of(engine, recipe)

    engine.use_levers({lever})

    assert np.abs(pixels_of(engine, recipe).astype(int) - plain).max() <= 1
    engine.use_levers(())
    assert digest_pixels(pixels_of(engine, recipe)) == digest_pixels(plain)


def test_split_guidance_serves_models_that_take_lists_too() -> None:
    import torch

    from renderlock.engines.diffusers_local.levers import one_at_a_time

    calls = []

    def forward(samples: list[torch.Tensor], scale: float, texts: list[torch.Tensor]) -> tuple[object]:
        calls.append(len(samples))
        return ([sample * scale + text for sample, text in zip(samples, texts, strict=True)],)

    samples, texts = [torch.ones(2), torch.ones(2) * 2], [torch.zeros(2), torch.ones(2)]
    split = one_at_a_time(forward)(samples, 3.0, texts)  # type: ignore[arg-type]  # a network of this shape

    assert calls == [1, 1]
    assert [value.tolist() for value in split[0]] == [[3.0, 3.0], [7.0, 7.0]]  # type: ignore[index]


def test_a_lever_makes_the_dry_run_smaller_where_it_acts(engine: DiffusersEngine) -> None:
    recipe = recipe_of(engine, Size(256, 256))

    plain = engine.memory(recipe, ())
    split = engine.memory(recipe, {"split-guidance"})
    tiled = engine.memory(replace(recipe, extras=(("vae_tile_px", 64),)), ())

    assert split.denoise < 0.7 * plain.denoise
    assert tiled.decode < 0.5 * plain.decode
    assert plain.weights == split.weights > 200_000
    assert plain.grade == "dry-run"


def test_the_dry_run_of_decoding_is_what_decoding_takes(engine: DiffusersEngine, stable_diffusion: Path) -> None:
    import torch
    from diffusers import AutoencoderKL

    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    vae = AutoencoderKL.from_pretrained(stable_diffusion / "vae").eval()
    latent = torch.zeros(1, 4, 128, 128)
    with torch.no_grad(), LiveTensors() as live:
        vae.decode(latent)

    foretold = engine.memory(recipe_of(engine, Size(256, 256)), ()).decode

    pictures = 3 * 4 * 3 * 256 * 256
    assert live.peak_bytes <= foretold <= live.peak_bytes + pictures


def test_an_autoencoder_that_leaves_half_precision_takes_twice_the_room(
    engine: DiffusersEngine, stable_diffusion: Path, tmp_path: Path
) -> None:
    import torch
    from diffusers import DiffusionPipeline

    from renderlock.engines.diffusers_local.describe import describe
    from renderlock.engines.diffusers_local.dry_run import run_dry
    from renderlock.engines.diffusers_local.folder import read_folder

    DiffusionPipeline.from_pretrained(stable_diffusion, dtype=torch.float16).save_pretrained(tmp_path / "half")
    folder = read_folder(tmp_path / "half", "half")
    facts = describe(folder)
    widening = replace(facts, family=replace(facts.family, widens_vae=True))
    recipe = recipe_of(engine, Size(256, 256))

    half, full = (run_dry(folder, one, recipe, (), "cuda") for one in (facts, widening))

    # The picture made of it at the end is in full precision either way.
    assert 1.7 * half.decode < full.decode < 2.1 * half.decode
    assert half.denoise == full.denoise


def test_weights_that_are_kept_elsewhere_are_not_counted(engine: DiffusersEngine) -> None:
    recipe = recipe_of(engine)

    plain, by_part, by_layer = (
        engine.memory(recipe, levers) for levers in ((), {"model-offload"}, {"model-offload", "layer-offload"})
    )

    assert plain.total > by_part.total > by_layer.total
    assert plain.weights > by_part.denoise - plain.denoise > 0
    assert (by_part.weights, by_layer.weights) == (0, 0)


def test_slices_of_attention_are_the_whole_attention() -> None:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention as whole

    from renderlock.engines.diffusers_local.levers import attention_in_slices
    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 500, 8) for _ in range(3))
    masks = [None, torch.randn(2, 1, 1, 500), torch.randn(2, 3, 500, 500)]

    for mask in masks:
        with attention_in_slices(largest_bytes=40_000):
            sliced = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        assert torch.allclose(sliced, whole(query, key, value, attn_mask=mask), atol=1e-5)

    with sdpa_kernel(SDPBackend.MATH), LiveTensors() as plain:
        whole(query, key, value)
    with sdpa_kernel(SDPBackend.MATH), attention_in_slices(largest_bytes=40_000), LiveTensors() as sparing:
        torch.nn.functional.scaled_dot_product_attention(query, key, value)
    assert sparing.peak_bytes < 0.2 * plain.peak_bytes


def refusing(number: int) -> Callable[[int, int], bool]:
    return lambda index, _: index == number


def test_a_failed_attempt_is_gone_on_with_and_gives_the_same_pixels(engine: DiffusersEngine) -> None:
    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    recipe = recipe_of(engine)
    engine.render(recipe, None, Unwatched())  # loads the weights
    with LiveTensors() as counting:
        plain = pixels_of(engine, recipe)
    total = counting.allocations

    for share in (0, 0.5, 0.999):
        with pytest.raises(OutOfMemory), LiveTensors(refuse=refusing(int(total * share))):
            engine.render(recipe, None, Unwatched())
        with LiveTensors() as again:
            assert digest_pixels(pixels_of(engine, recipe)) == digest_pixels(plain)
        assert again.allocations <= 1.02 * total
    # The last one failed in decoding: no step was computed again.
    assert again.allocations < 0.5 * total


def test_nothing_is_kept_of_another_picture_or_of_a_finished_one(engine: DiffusersEngine) -> None:
    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    recipe = recipe_of(engine)
    other = replace(recipe, seed=8)
    plain = [digest_pixels(pixels_of(engine, one)) for one in (recipe, other)]
    with LiveTensors() as counting:
        engine.render(recipe, None, Unwatched())
    with pytest.raises(OutOfMemory), LiveTensors(refuse=refusing(int(0.99 * counting.allocations))):
        engine.render(recipe, None, Unwatched())

    assert digest_pixels(pixels_of(engine, other)) == plain[1]
    with LiveTensors() as afterwards:
        assert digest_pixels(pixels_of(engine, recipe)) == plain[0]
    assert afterwards.allocations > 0.9 * counting.allocations


def test_after_running_out_while_decoding_only_the_decoding_is_done_again_in_tiles(engine: DiffusersEngine) -> None:
    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    recipe = recipe_of(engine, steps=5)
    in_tiles = replace(recipe, extras=(("vae_tile_px", 64),))
    fresh = pixels_of(engine, in_tiles)
    with LiveTensors() as decoding:
        engine.render(replace(in_tiles, steps=1), None, Unwatched())
    with LiveTensors() as counting:
        engine.render(recipe, None, Unwatched())
    with pytest.raises(OutOfMemory), LiveTensors(refuse=refusing(counting.allocations - 30)):
        engine.render(recipe, None, Unwatched())

    with LiveTensors() as again:
        tiled = pixels_of(engine, in_tiles)

    assert digest_pixels(tiled) == digest_pixels(fresh)
    assert again.allocations < 1.1 * decoding.allocations


@pytest.mark.parametrize("extras", [(), (("vae_tile_px", 64),)])
def test_an_allocation_that_fails_in_the_decoding_costs_no_more_than_its_stage(
    engine: DiffusersEngine, extras: tuple[tuple[str, int], ...]
) -> None:
    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    recipe = replace(recipe_of(engine, steps=1), extras=extras)
    plain = digest_pixels(pixels_of(engine, recipe))
    with LiveTensors() as counting:
        engine.render(recipe, None, Unwatched())
    total, twice = counting.allocations, []
    for before_end in (4, 40, 80):
        with pytest.raises(OutOfMemory), LiveTensors(refuse=refusing(total - before_end)) as failed:
            engine.render(recipe, None, Unwatched())
        with LiveTensors() as again:
            assert digest_pixels(pixels_of(engine, recipe)) == plain
        twice.append(failed.allocations + again.allocations - total)

    # What every attempt does, which is to read the prompt, is done twice; of the decoding at most one stage is.
    assert max(twice) - min(twice) <= LARGEST_STAGE
    assert max(twice) < total - 80


def test_what_is_kept_of_a_decoding_does_not_raise_its_peak() -> None:
    import torch
    from diffusers import AutoencoderKL

    from renderlock.engines.diffusers_local.live_tensors import LiveTensors
    from renderlock.engines.diffusers_local.stages import Stages

    blocks = ("UpDecoderBlock2D",) * 2
    vae = AutoencoderKL(
        block_out_channels=(32, 64), up_block_types=blocks, down_block_types=("DownEncoderBlock2D",) * 2
    )
    latent = torch.zeros(1, 4, 16, 16)
    with torch.no_grad(), LiveTensors() as plain:
        vae.decoder(latent)
    with torch.no_grad(), Stages().on(vae.decoder), LiveTensors() as kept:
        vae.decoder(latent)

    assert kept.peak_bytes == plain.peak_bytes


def test_weights_that_are_kept_elsewhere_give_the_same_picture_after_running_out_too(engine: DiffusersEngine) -> None:
    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    recipe = replace(recipe_of(engine), extras=(("vae_tile_px", 64),))
    plain = digest_pixels(pixels_of(engine, recipe))
    engine.use_levers({"model-offload"})
    assert digest_pixels(pixels_of(engine, recipe)) == plain
    with LiveTensors() as counting:
        engine.render(recipe, None, Unwatched())

    with pytest.raises(OutOfMemory), LiveTensors(refuse=refusing(int(0.98 * counting.allocations))):
        engine.render(recipe, None, Unwatched())

    assert digest_pixels(pixels_of(engine, recipe)) == plain


def test_a_normalisation_is_replaced_inside_of_what_brings_its_weights() -> None:
    import torch
    from accelerate.hooks import (  # type: ignore[import-untyped]
        ModelHook,
        add_hook_to_module,
    )

    from renderlock.engines.diffusers_local.vae_tiles import replaced

    norm, seen = torch.nn.GroupNorm(2, 4), []

    class Bringing(ModelHook):  # type: ignore[misc]  # accelerate has no types
        def pre_forward(self, module: object, *args: object, **kwargs: object) -> object:
            seen.append(module)
            return args, kwargs

    add_hook_to_module(norm, Bringing())
    given = torch.ones(1, 4, 2, 2)
    with replaced(norm, lambda values: values * 3):
        inside = norm(given)
    after = norm(given)

    assert torch.equal(inside, given * 3)
    assert torch.equal(after, torch.zeros_like(given))
    assert seen == [norm, norm]


@pytest.mark.parametrize("tile_px", [64, 96])
def test_a_picture_decoded_in_tiles_is_nearly_the_one_decoded_whole(engine: DiffusersEngine, tile_px: int) -> None:
    recipe = recipe_of(engine)
    whole = pixels_of(engine, recipe).astype(int)

    tiled = pixels_of(engine, replace(recipe, extras=(("vae_tile_px", tile_px),))).astype(int)

    assert tiled.shape == whole.shape
    assert 0 < np.abs(tiled - whole).mean() < 4


def test_tiles_of_a_flat_picture_have_one_tone(stable_diffusion: Path) -> None:
    import torch
    from diffusers import AutoencoderKL

    from renderlock.engines.diffusers_local.vae_tiles import decode_in_tiles

    vae = AutoencoderKL.from_pretrained(stable_diffusion / "vae").eval()
    torch.manual_seed(1)
    latent = torch.randn(1, 4, 64, 64) * 0.01
    latent[..., 40:, 40:] = torch.randn(1, 4, 24, 24) * 3  # one busy corner, whose tile alone would look otherwise
    with torch.no_grad():
        ours = decode_in_tiles(vae, latent, 64, lambda part: vae.decode(part).sample)
        vae.enable_tiling()
        vae.tile_sample_min_size, vae.tile_latent_min_size = 64, 32
        theirs = vae.decode(latent).sample
        whole = vae.decode(latent[..., :32, :32]).sample

    flat = (..., slice(8, 40), slice(8, 40))
    assert whole.std() >= 0
    assert ours[flat].std() < theirs[flat].std()


def test_a_picture_no_larger_than_a_tile_is_decoded_whole(engine: DiffusersEngine) -> None:
    recipe = recipe_of(engine)

    tiled = pixels_of(engine, replace(recipe, extras=(("vae_tile_px", 128),)))

    assert digest_pixels(tiled) == digest_pixels(pixels_of(engine, recipe))


@pytest.mark.parametrize("value", [63, 0, True, "large", 64.5])
def test_a_tile_size_that_cannot_be_is_refused(engine: DiffusersEngine, value: str | float | bool) -> None:
    with pytest.raises(RecipeError, match="vae_tile_px"):
        engine.render(replace(recipe_of(engine), extras=(("vae_tile_px", value),)), None, Unwatched())


def test_another_control_is_refused_by_name(engine: DiffusersEngine) -> None:
    with pytest.raises(NotCapable, match="no control named warp"):
        engine.render(replace(recipe_of(engine), extras=(("warp", 1),)), None, Unwatched())


def test_an_init_picture_counts_its_encoding(engine: DiffusersEngine) -> None:
    recipe = recipe_of(engine)

    with_picture = engine.memory(replace(recipe, init=Init("0" * 64, 0.5)), ())

    assert with_picture.encode > 0
    assert engine.memory(recipe, ()).encode == 0


def test_transformers_are_run_dry_or_estimated_by_rule(flux: Path, z_image: Path) -> None:
    grades = []
    for folder in (flux, z_image):
        engine = open_model(str(folder), EngineOptions())
        parts = engine.memory(recipe_of(engine, Size(64, 64)), ())
        assert parts.denoise > 0
        assert parts.decode > 0
        grades.append(parts.grade)

    assert grades == ["dry-run", "rule"]
