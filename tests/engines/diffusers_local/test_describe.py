"""Capabilities of real model families, from configs like those their repositories hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engines.diffusers_local.model_folders import EULER, FLOW, SD_VAE, Config, edit_index, write_folder

from renderlock.engines.capabilities import Capabilities, GuidanceRange, StepRange
from renderlock.engines.diffusers_local.describe import describe
from renderlock.engines.diffusers_local.families import family_of
from renderlock.engines.diffusers_local.folder import read_folder
from renderlock.errors import ModelUnavailable
from renderlock.spec.recipe import Size

QWEN_VAE: Config = {"_class_name": "AutoencoderKLQwenImage", "temperal_downsample": [False, True, True]}
DC_VAE: Config = {"_class_name": "AutoencoderDC", "encoder_block_out_channels": [128, 256, 512, 512, 1024, 1024]}
Z_DIT: Config = {"_class_name": "ZImageTransformer2DModel", "axes_lens": [1536, 512, 512]}
FLUX_DIT: Config = {"_class_name": "FluxTransformer2DModel", "guidance_embeds": True}
SD3_DIT: Config = {
    "_class_name": "SD3Transformer2DModel",
    "sample_size": 128,
    "patch_size": 2,
    "pos_embed_max_size": 192,
}
SCM: Config = {"_class_name": "SCMScheduler"}


def facts_of(path: Path, pipeline: str, name: str = "mine", **parts: Config) -> Capabilities:
    """The capabilities of a model with these configs."""
    return describe(read_folder(write_folder(path / pipeline, pipeline, parts), name)).capabilities


def unet(latents: int) -> Config:
    return {"_class_name": "UNet2DConditionModel", "sample_size": latents}


def test_stable_diffusion_is_native_at_512_in_cells_of_8(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "StableDiffusionPipeline", vae=SD_VAE, unet=unet(64), scheduler=EULER)

    assert (facts.sizes.native, facts.sizes.multiple) == (Size(512, 512), 8)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 7.5)
    assert facts.negative_prompt
    assert facts.img2img
    assert facts.samplers[0] == "euler"


def test_sdxl_is_native_at_1024_in_cells_of_8(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "StableDiffusionXLPipeline", vae=SD_VAE, unet=unet(128), scheduler=EULER)

    assert (facts.sizes.native, facts.sizes.multiple) == (Size(1024, 1024), 8)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 5.0)


def test_sdxl_alone_lifts_its_autoencoder_out_of_half_precision() -> None:
    assert family_of("StableDiffusionXLPipeline").widens_vae
    assert not family_of("StableDiffusionPipeline").widens_vae


def test_sd3_is_native_at_1024_in_cells_of_16_up_to_its_table_of_positions(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "StableDiffusion3Pipeline", vae=SD_VAE, transformer=SD3_DIT, scheduler=FLOW)

    assert (facts.sizes.native, facts.sizes.multiple, facts.sizes.largest) == (Size(1024, 1024), 16, 3072)
    assert facts.samplers == ("euler",)
    assert facts.img2img


def test_flux_dev_takes_guidance_but_no_negative_prompt(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "FluxPipeline", vae=SD_VAE, transformer=FLUX_DIT, scheduler=FLOW)

    assert (facts.sizes.native, facts.sizes.multiple) == (Size(1024, 1024), 16)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 3.5)
    assert facts.steps == StepRange(1, 1000, 28)
    assert not facts.negative_prompt


def test_flux_schnell_takes_4_steps_and_no_guidance(tmp_path: Path) -> None:
    schnell = {**FLUX_DIT, "guidance_embeds": False}

    facts = facts_of(tmp_path, "FluxPipeline", vae=SD_VAE, transformer=schnell, scheduler=FLOW)

    assert facts.steps == StepRange(1, 1000, 4)
    assert facts.guidance_scale is None


def test_flux2_klein_has_no_guidance_where_it_is_distilled_and_no_img2img(tmp_path: Path) -> None:
    parts = {"vae": SD_VAE, "transformer": {"_class_name": "Flux2Transformer2DModel"}, "scheduler": FLOW}
    folder = write_folder(tmp_path / "klein", "Flux2KleinPipeline", parts, is_distilled=True)

    distilled = describe(read_folder(folder, "mine")).capabilities
    edit_index(folder, is_distilled=False)
    base = describe(read_folder(folder, "mine")).capabilities

    assert (distilled.sizes.multiple, distilled.steps, distilled.guidance_scale) == (16, StepRange(1, 1000, 4), None)
    assert base.guidance_scale == GuidanceRange(0.0, 100.0, 4.0)
    assert not distilled.img2img


def test_z_image_turbo_takes_9_steps_without_guidance(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "ZImagePipeline", vae=SD_VAE, transformer=Z_DIT, scheduler=FLOW)

    assert (facts.sizes.native, facts.sizes.multiple, facts.sizes.largest) == (Size(1024, 1024), 16, 8192)
    assert facts.steps == StepRange(1, 1000, 9)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 0.0)
    assert not facts.negative_prompt
    assert facts.img2img


def test_z_image_base_takes_guidance_and_a_negative_prompt(tmp_path: Path) -> None:
    base = {**FLOW, "shift": 6.0}

    facts = facts_of(tmp_path, "ZImagePipeline", vae=SD_VAE, transformer=Z_DIT, scheduler=base)

    assert facts.steps == StepRange(1, 1000, 50)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 5.0)
    assert facts.negative_prompt


def test_qwen_image_is_guided_by_its_true_scale(tmp_path: Path) -> None:
    dit = {"_class_name": "QwenImageTransformer2DModel", "guidance_embeds": False}

    facts = facts_of(tmp_path, "QwenImagePipeline", vae=QWEN_VAE, transformer=dit, scheduler=FLOW)

    assert (facts.sizes.native, facts.sizes.multiple) == (Size(1328, 1328), 16)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 4.0)
    assert facts.negative_prompt


def test_sana_is_native_at_1024_in_cells_of_32_with_its_own_sampler(tmp_path: Path) -> None:
    dit = {"_class_name": "SanaTransformer2DModel", "sample_size": 32, "patch_size": 1}
    scheduler = {"_class_name": "DPMSolverMultistepScheduler", "use_flow_sigmas": True, "solver_order": 2}

    facts = facts_of(tmp_path, "SanaPipeline", vae=DC_VAE, transformer=dit, scheduler=scheduler)

    assert (facts.sizes.native, facts.sizes.multiple) == (Size(1024, 1024), 32)
    assert facts.steps == StepRange(1, 1000, 20)
    assert facts.samplers == ("dpmpp_2m",)


def test_sana_sprint_takes_its_two_steps_only(tmp_path: Path) -> None:
    dit = {"_class_name": "SanaTransformer2DModel", "sample_size": 32, "patch_size": 1}

    facts = facts_of(tmp_path, "SanaSprintPipeline", vae=DC_VAE, transformer=dit, scheduler=SCM)

    assert facts.steps == StepRange(2, 2, 2)
    assert facts.samplers == ("SCMScheduler",)
    assert not facts.negative_prompt


@pytest.mark.parametrize(
    ("pipeline", "name"),
    [("StableDiffusionPipeline", "stabilityai/sd-turbo@1"), ("StableDiffusionXLPipeline", "./sdxl-Turbo")],
)
def test_a_turbo_model_runs_without_guidance_by_default(tmp_path: Path, pipeline: str, name: str) -> None:
    facts = facts_of(tmp_path, pipeline, name, vae=SD_VAE, unet=unet(64), scheduler=EULER)

    assert facts.steps == StepRange(1, 1000, 4)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 0.0)


def test_a_class_that_is_not_in_the_table_gets_cautious_sizes_and_its_own_defaults(tmp_path: Path) -> None:
    dit = {"_class_name": "CogView4Transformer2DModel", "sample_size": 128}

    facts = facts_of(tmp_path, "CogView4Pipeline", vae=SD_VAE, transformer=dit, scheduler=FLOW)

    assert (facts.sizes.native, facts.sizes.multiple) == (Size(1024, 1024), 32)
    assert facts.steps == StepRange(1, 1000, 50)
    assert facts.guidance_scale == GuidanceRange(0.0, 100.0, 5.0)
    assert not facts.img2img


def test_a_folder_saved_from_an_img2img_pipeline_is_a_text_to_image_model_too(tmp_path: Path) -> None:
    parts = {"vae": SD_VAE, "unet": unet(64), "scheduler": EULER}
    folder = write_folder(tmp_path / "sd", "StableDiffusionImg2ImgPipeline", parts)

    facts = describe(read_folder(folder, "mine"))

    assert facts.pipeline == "StableDiffusionPipeline"
    assert facts.capabilities.img2img


@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [
        ("SomebodysPipeline", "the installed diffusers has no SomebodysPipeline"),
        ("DDPMPipeline", "DDPMPipeline does not make a picture from a text"),
    ],
)
def test_a_pipeline_that_cannot_be_driven_is_refused(tmp_path: Path, pipeline: str, reason: str) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        facts_of(tmp_path, pipeline, scheduler=EULER)


@pytest.mark.parametrize("library", ["my_own_package", "pipeline_custom", "builtins"])
def test_a_part_from_another_library_is_refused(tmp_path: Path, library: str) -> None:
    parts = {"vae": SD_VAE, "unet": unet(64), "scheduler": EULER}
    folder = write_folder(tmp_path / "sd", "StableDiffusionPipeline", parts)
    edit_index(folder, vae=[library, "Autoencoder"])

    with pytest.raises(ModelUnavailable, match=f"{library}.Autoencoder"):
        describe(read_folder(folder, "mine"))
