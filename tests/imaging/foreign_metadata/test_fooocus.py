from __future__ import annotations

import json

from PIL import Image

from renderlock.imaging.foreign_metadata.base import PictureTexts
from renderlock.imaging.foreign_metadata.collected import CollectedTexts
from renderlock.imaging.foreign_metadata.exif import read_exif
from renderlock.imaging.foreign_metadata.fooocus import read_fooocus

FIELDS = {
    "adaptive_cfg": 7,
    "base_model": "juggernautXL_v8Rundiffusion",
    "base_model_hash": "aeb7e9e689",
    "guidance_scale": 4,
    "negative_prompt": "",
    "prompt": "a lighthouse",
    "resolution": "(1152, 896)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "123456789",
    "steps": 30,
    "version": "Fooocus v2.5.0",
}


def test_fooocus_own_json_is_read() -> None:
    metadata = read_fooocus(PictureTexts({"parameters": json.dumps(FIELDS), "fooocus_scheme": "fooocus"}))

    assert metadata is not None
    assert (metadata.tool, metadata.prompt, metadata.seed) == ("fooocus", "a lighthouse", 123456789)
    assert (metadata.size, metadata.sampler_name, metadata.schedule) == ((1152, 896), "dpmpp_2m_sde", "karras")
    assert (metadata.model, metadata.model_hash) == ("juggernautXL_v8Rundiffusion", "aeb7e9e689")


def test_its_user_comment_stands_in_the_first_exif_directory() -> None:
    exif = Image.Exif()
    exif[0x9286] = json.dumps(FIELDS)
    collected = CollectedTexts()
    read_exif(exif.tobytes(), collected)

    assert read_fooocus(PictureTexts(collected.texts)) is not None


def test_other_json_is_not_fooocus() -> None:
    assert read_fooocus(PictureTexts({"parameters": '{"base_model": "x"}'})) is None
