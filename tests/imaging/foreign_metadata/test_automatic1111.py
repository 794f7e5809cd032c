from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.imaging.foreign_metadata.automatic1111 import parse_infotext, read_automatic1111
from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.table import read_foreign_bytes


def read(text: str) -> ForeignMetadata:
    metadata = read_automatic1111(PictureTexts({"parameters": text}))
    assert metadata is not None
    return metadata


def infotext(prompt: str, negative: str, parameters: Mapping[str, str]) -> str:
    """The text as `create_infotext` of A1111's modules/processing.py joins it, and `quote` quotes it."""

    def quote(value: str) -> str:
        return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ",\n:") else value

    listed = ", ".join(key if key == value else f"{key}: {quote(value)}" for key, value in parameters.items())
    negative_text = f"\nNegative prompt: {negative}" if negative else ""
    return f"{prompt}{negative_text}\n{listed}".strip()


FULL = """a (red:1.2) fox, <lora:ink:0.8>
second line: with a colon
Negative prompt: blurry, lowres
also bad
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 4294967295, Size: 832x1216, \
Model hash: ad2a33c361, Model: dreamshaper_8, Denoising strength: 0.45, Clip skip: 2, \
Lora hashes: "ink: aabbccddeeff, fur: 001122334455", ADetailer model: face_yolov8n.pt, \
ADetailer prompt: "a face, smiling: yes", Hires upscale: 2, Hires steps: 12, Hires upscaler: 4x-UltraSharp, \
RNG: CPU, Version: v1.10.1"""


def test_every_field_of_a_full_text_is_read() -> None:
    metadata = read(FULL)

    assert metadata.tool == "automatic1111"
    assert metadata.prompt == "a (red:1.2) fox, <lora:ink:0.8>\nsecond line: with a colon"
    assert metadata.negative_prompt == "blurry, lowres\nalso bad"
    assert (metadata.seed, metadata.steps, metadata.guidance_scale) == (4294967295, 28, 6.5)
    assert (metadata.sampler, metadata.sampler_name, metadata.schedule) == ("DPM++ 2M", "dpmpp_2m", "karras")
    assert (metadata.size, metadata.denoising_strength) == ((832, 1216), 0.45)
    assert (metadata.model, metadata.model_hash, metadata.version) == ("dreamshaper_8", "ad2a33c361", "v1.10.1")
    assert metadata.raw == FULL


def test_what_is_no_common_field_stays_in_the_extras_unquoted() -> None:
    extras = dict(read(FULL).extras)

    assert extras["Lora hashes"] == "ink: aabbccddeeff, fur: 001122334455"
    assert extras["ADetailer prompt"] == "a face, smiling: yes"
    assert (extras["Hires upscale"], extras["Hires steps"], extras["Clip skip"]) == ("2", "12", "2")


def test_a_prompt_that_speaks_of_steps_is_not_taken_for_parameters() -> None:
    text = (
        "Steps: how to draw, Sampler: a box, Seed: an acorn\nSteps: three\nSteps: 9, Sampler: LMS, Seed: 3, Size: 8x8"
    )
    metadata = read(text)

    assert metadata.prompt == "Steps: how to draw, Sampler: a box, Seed: an acorn\nSteps: three"
    assert (metadata.steps, metadata.seed) == (9, 3)


def test_without_a_negative_prompt_it_is_empty() -> None:
    assert read("a fox\nSteps: 9, Sampler: LMS, Seed: 3").negative_prompt == ""


def test_an_empty_prompt_is_read_as_empty() -> None:
    metadata = read("Negative prompt: bad\nSteps: 9, Sampler: LMS, Seed: 3")

    assert (metadata.prompt, metadata.negative_prompt) == ("", "bad")


def test_a_json_object_as_value_is_kept_whole() -> None:
    metadata = read('{a|b} dynamic\nSteps: 9, Hashes: {"vae": "73", "model": "ab, c"}, Sampler: LMS, Seed: 3')

    assert dict(metadata.extras)["Hashes"] == '{"vae": "73", "model": "ab, c"}'
    assert (metadata.prompt, metadata.seed) == ("{a|b} dynamic", 3)


def test_a_switch_without_a_value_harms_no_neighbour() -> None:
    metadata = read("x\nSteps: 9, Size: 64x32, Tiling, Sampler: LMS, Seed: 3")

    assert metadata.size == (64, 32)
    assert dict(metadata.extras)["Tiling"] == "Tiling"


def test_templates_after_the_parameters_are_kept_as_an_extra() -> None:
    metadata = read("x\nSteps: 9, Sampler: LMS, Seed: 3\nTemplate: {a|b}\nNegative Template: c")

    assert dict(metadata.extras)["text after the parameters"] == "Template: {a|b}\nNegative Template: c"


def test_an_unclosed_quote_ends_at_the_comma() -> None:
    metadata = read('x\nSteps: 9, ADetailer prompt: "open, Sampler: LMS, Seed: 3')

    assert (metadata.sampler, metadata.seed) == ("LMS", 3)


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("Version: f2.0.1v1.10.1-previous-659", "forge"),
        ("Version: neo", "forge"),
        ("Version: v1.10.1", "automatic1111"),
        ("Version: Fooocus v2.5.5", "fooocus"),
        ("Version: ComfyUI", "comfyui"),
        ("App: SD.Next", "sdnext"),
        ('Civitai resources: [{"type":"checkpoint","modelVersionId":290640}]', "civitai"),
    ],
)
def test_relatives_are_told_by_what_they_say(said: str, tool: str) -> None:
    assert read(f"x\nSteps: 9, Sampler: LMS, Seed: 3, {said}").tool == tool


@pytest.mark.parametrize(
    "text", ["a holiday", "Camera: Canon, Lens: 50mm, Aperture: 1.8", "1girl, best quality, masterpiece, solo", "{}"]
)
def test_any_other_text_is_not_taken_for_a1111s(text: str) -> None:
    assert read_automatic1111(PictureTexts({"UserComment": text})) is None


def test_values_out_of_any_range_are_left_out() -> None:
    metadata = read("x\nSteps: -4, Sampler: LMS, CFG scale: nan, Seed: -1, Size: 0x99999999999999")

    assert (metadata.steps, metadata.guidance_scale, metadata.seed, metadata.size) == (None, None, None, None)


def test_the_text_is_read_from_a_png_and_from_a_jpeg_alike(
    png_with: Callable[[Mapping[str, str]], bytes], piexif_comment: Callable[[str], bytes]
) -> None:
    jpeg = b"\xff\xd8\xff\xe1" + (len(piexif_comment(FULL)) + 2).to_bytes(2, "big") + piexif_comment(FULL)

    assert read_foreign_bytes(png_with({"parameters": FULL})) == read_foreign_bytes(jpeg) == read(FULL)


tricky = st.sampled_from(
    [
        "Steps: ten",
        "Sampler: x, Seed: y, Size: z, Steps: w",
        "Steps: 1, two",
        '{"a": [1, 2]}',
        '"open',
        "a: b, c: d, e: f",
        "",
    ]
)
lines = tricky | st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs", "Cc"]), max_size=60)
# What the format itself cannot carry: a line that opens the next part, blanks at the ends of the text.
prompts = st.lists(lines, max_size=4).map("\n".join).map(str.strip).filter(lambda text: "Negative prompt:" not in text)
keys = st.from_regex(r"[A-Z][a-z]{2,8}( [a-z0-9]{1,8}){0,2}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).filter(
    lambda text: text == text.strip() and not text.startswith(('"', "{", "["))
)


@given(prompts, prompts, st.dictionaries(keys, values, max_size=6), st.integers(0, 2**64 - 1))
def test_what_a1111s_writer_writes_is_read_back(prompt: str, negative: str, extra: dict[str, str], seed: int) -> None:
    parameters = {"Steps": "20", "Sampler": "Euler a", "Seed": str(seed), **extra}
    parts = parse_infotext(infotext(prompt, negative, parameters))

    assert (parts.prompt, parts.negative_prompt) == (prompt, negative)
    assert dict(parts.parameters) == parameters


@given(st.text())
def test_any_text_is_parsed_and_none_of_its_words_gets_lost_without_parameters(text: str) -> None:
    parts = parse_infotext(text)

    if not parts.parameters and "Negative prompt:" not in text:
        assert parts.prompt == text.replace("\r\n", "\n").strip()
