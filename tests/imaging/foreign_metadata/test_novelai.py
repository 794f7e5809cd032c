from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from renderlock.imaging.foreign_metadata.base import PictureTexts
from renderlock.imaging.foreign_metadata.novelai import read_novelai
from renderlock.imaging.foreign_metadata.table import read_foreign_bytes

COMMENT: dict[str, object] = {
    "prompt": "1girl, rooftop, best quality",
    "steps": 28,
    "height": 1216,
    "width": 832,
    "scale": 5.0,
    "uncond_scale": 1.0,
    "seed": 3816166865,
    "n_samples": 1,
    "noise_schedule": "karras",
    "sampler": "k_euler_ancestral",
    "strength": 0.7,
    "uc": "lowres, {bad}",
    "request_type": "PromptGenerateRequest",
    "signed_hash": "abc==",
    "v4_prompt": {
        "caption": {
            "base_caption": "1girl, rooftop",
            "char_captions": [{"char_caption": "girl, red hair", "centers": [{"x": 0.5, "y": 0.5}]}],
        },
        "use_coords": False,
    },
    "v4_negative_prompt": {"caption": {"base_caption": "lowres", "char_captions": [{"char_caption": "hat"}]}},
}
TEXTS = {
    "Title": "NovelAI generated image",
    "Description": "1girl, rooftop, best quality",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4.5 4BDE2A90",
    "Generation time": "5.1",
    "Comment": json.dumps(COMMENT),
}


def test_every_field_is_read_from_the_png_keys(png_with: Callable[[Mapping[str, str]], bytes]) -> None:
    metadata = read_foreign_bytes(png_with(TEXTS))

    assert metadata is not None
    assert metadata.tool == "novelai"
    assert (metadata.prompt, metadata.negative_prompt) == ("1girl, rooftop, best quality", "lowres, {bad}")
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (3816166865, 28, 5.0)
    assert (metadata.sampler_name, metadata.schedule, metadata.size) == ("euler_a", "karras", (832, 1216))
    assert (metadata.model, metadata.model_hash) == ("NovelAI Diffusion V4.5", "4BDE2A90")
    assert metadata.denoising_strength == 0.7


def test_the_prompts_of_characters_are_kept_as_extras() -> None:
    metadata = read_novelai(PictureTexts(TEXTS))

    assert metadata is not None
    extras = dict(metadata.extras)
    assert extras["character prompt 1"] == "girl, red hair"
    assert extras["character negative prompt 1"] == "hat"


def test_the_same_keys_in_a_webps_user_comment_are_read() -> None:
    metadata = read_novelai(PictureTexts({"UserComment": json.dumps(TEXTS)}))

    assert metadata is not None
    assert (metadata.seed, metadata.model_hash) == (3816166865, "4BDE2A90")


def test_an_old_file_has_its_prompt_in_the_description() -> None:
    comment = json.dumps({"steps": 28, "sampler": "k_euler_ancestral", "seed": 5, "scale": 11.0, "uc": "bad"})
    texts = {"Software": "NovelAI", "Description": "a fox", "Source": "Stable Diffusion 1D44365E", "Comment": comment}
    metadata = read_novelai(PictureTexts(texts))

    assert metadata is not None
    assert (metadata.prompt, metadata.model, metadata.model_hash) == ("a fox", "Stable Diffusion", "1D44365E")


def test_another_programs_comment_is_not_novelais() -> None:
    assert read_novelai(PictureTexts({"Comment": '{"seed": 4}', "Software": "GIMP"})) is None
