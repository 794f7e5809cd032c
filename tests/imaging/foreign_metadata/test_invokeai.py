from __future__ import annotations

import json

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.invokeai import read_invokeai

CORE: dict[str, object] = {
    "app_version": "6.4.0",
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a lighthouse",
    "negative_prompt": "fog",
    "width": 1024,
    "height": 768,
    "seed": 356120443,
    "rand_device": "cpu",
    "cfg_scale": 7.5,
    "steps": 30,
    "scheduler": "dpmpp_2m_sde_k",
    "model": {"key": "0f", "hash": "blake3:ab12", "name": "juggernaut", "base": "sdxl", "type": "main"},
    "strength": 0.7,
    "loras": [{"model": {"name": "ink"}, "weight": 0.75}],
}


def read(key: str, text: str) -> ForeignMetadata:
    metadata = read_invokeai(PictureTexts({key: text}))
    assert metadata is not None
    return metadata


def test_the_metadata_of_version_6_is_read() -> None:
    metadata = read("invokeai_metadata", json.dumps(CORE))

    assert (metadata.tool, metadata.version) == ("invokeai", "6.4.0")
    assert (metadata.prompt, metadata.negative_prompt) == ("a lighthouse", "fog")
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (356120443, 30, 7.5)
    assert (metadata.sampler_name, metadata.schedule) == ("dpmpp_2m_sde", "karras")
    assert (metadata.size, metadata.denoising_strength) == ((1024, 768), 0.7)
    assert (metadata.model, metadata.model_hash) == ("juggernaut", "blake3:ab12")
    assert dict(metadata.extras)["loras"] == '[{"model":{"name":"ink"},"weight":0.75}]'


def test_version_3_names_its_model_otherwise() -> None:
    fields = {**CORE, "model": {"model_name": "amixx_3Pruned", "base_model": "sd-1", "model_type": "main"}}

    assert read("invokeai_metadata", json.dumps(fields)).model == "amixx_3Pruned"


def test_flux_has_its_guidance_under_a_key_of_its_own() -> None:
    fields = {"positive_prompt": "x", "guidance": 3.5, "seed": 1}

    assert read("invokeai_metadata", json.dumps(fields)).guidance_scale == 3.5


def test_the_metadata_of_version_2_is_read_with_its_bracketed_negative_prompt() -> None:
    image = {
        "prompt": [{"prompt": "an owl [ugly, blurry] at night", "weight": 1.0}],
        "steps": 50,
        "cfg_scale": 7.5,
        "width": 512,
        "height": 640,
        "seed": 2980747362,
        "sampler": "k_lms",
        "type": "txt2img",
        "postprocessing": None,
    }
    document = {"model_weights": "stable-diffusion-1.5", "model_hash": "cc6c", "app_version": "2.3.5", "image": image}
    metadata = read("sd-metadata", json.dumps(document))

    assert (metadata.prompt, metadata.negative_prompt) == ("an owl  at night", "ugly, blurry")
    assert (metadata.seed, metadata.steps, metadata.size) == (2980747362, 50, (512, 640))
    assert (metadata.sampler_name, metadata.model, metadata.model_hash) == ("lms", "stable-diffusion-1.5", "cc6c")
    assert dict(metadata.extras) == {"type": "txt2img"}


def test_the_command_line_of_version_1_is_read() -> None:
    metadata = read("Dream", '"a mouse -s sitting" -s 50 -S 3561693215 -W 512 -H 768 -C 7.5 -A k_euler_a -f 0.4')

    assert metadata.prompt == "a mouse -s sitting"
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (3561693215, 50, 7.5)
    assert (metadata.size, metadata.sampler_name, metadata.denoising_strength) == ((512, 768), "euler_a", 0.4)


def test_the_newest_format_goes_first_and_a_broken_one_is_passed_over() -> None:
    texts = {"invokeai_metadata": "{broken", "Dream": '"x" -s 5 -S 6'}
    metadata = read_invokeai(PictureTexts(texts))

    assert metadata is not None
    assert metadata.seed == 6
