from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from renderlock.imaging.foreign_metadata.base import ForeignMetadata
from renderlock.imaging.foreign_metadata.table import read_foreign_bytes

PARAMS: dict[str, object] = {
    "prompt": "a photo of a cat, 猫",
    "negativeprompt": "dog",
    "model": "OfficialStableDiffusion/sd_xl_base_1.0",
    "seed": 1,
    "steps": 20,
    "cfgscale": 7.0,
    "aspectratio": "1:1",
    "width": 1024,
    "height": 768,
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "initimagecreativity": 0.6,
    "swarm_version": "0.9.8.0",
}
DOCUMENT: dict[str, object] = {
    "sui_image_params": PARAMS,
    "sui_extra_data": {"date": "2025-11-13", "generation_time": "6.11 (prep) and 4.84 (gen) seconds"},
    "sui_models": [
        {"name": "vae.safetensors", "param": "vae", "hash": "0xfff"},
        {"name": "sd_xl_base_1.0.safetensors", "param": "model", "hash": "0xd0f0"},
    ],
}


def read(data: bytes) -> ForeignMetadata:
    metadata = read_foreign_bytes(data)
    assert metadata is not None
    return metadata


def test_every_field_is_read_from_the_png_text(png_with: Callable[[Mapping[str, str]], bytes]) -> None:
    metadata = read(png_with({"parameters": json.dumps(DOCUMENT, indent=2, ensure_ascii=False)}))

    assert metadata.tool == "swarmui"
    assert (metadata.prompt, metadata.negative_prompt) == ("a photo of a cat, 猫", "dog")
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (1, 20, 7.0)
    assert (metadata.sampler, metadata.sampler_name, metadata.schedule) == (
        "dpmpp_2m_sde_gpu", "dpmpp_2m_sde", "karras",
    )  # fmt: skip
    assert (metadata.size, metadata.denoising_strength) == ((1024, 768), 0.6)
    assert (metadata.model, metadata.model_hash) == ("OfficialStableDiffusion/sd_xl_base_1.0", "0xd0f0")
    assert metadata.version == "0.9.8.0"
    assert dict(metadata.extras)["date"] == "2025-11-13"
    assert dict(metadata.extras)["aspectratio"] == "1:1"


def test_numbers_written_as_text_are_read_as_numbers(png_with: Callable[[Mapping[str, str]], bytes]) -> None:
    params = {**PARAMS, "seed": "9", "steps": "20.0", "cfgscale": "7.5", "width": "64", "height": "32"}
    metadata = read(png_with({"parameters": json.dumps({"sui_image_params": params})}))

    assert (metadata.seed, metadata.steps, metadata.guidance_scale, metadata.size) == (9, 20, 7.5, (64, 32))


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_same_text_in_a_jpegs_user_comment_is_read(exif_with: Callable[[bytes, str], bytes], order: str) -> None:
    coding = "utf-16-le" if order == "<" else "utf-16-be"
    exif = exif_with(b"UNICODE\0" + json.dumps(DOCUMENT).encode(coding), order)
    jpeg = b"\xff\xd8\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif

    assert read(jpeg).prompt == "a photo of a cat, 猫"


def test_a_file_without_any_parameter_is_swarmuis_no_more(png_with: Callable[[Mapping[str, str]], bytes]) -> None:
    assert read_foreign_bytes(png_with({"parameters": '{"sui_image_params": {}}'})) is None
