from __future__ import annotations

import io
import json
from dataclasses import replace
from importlib.metadata import version

from PIL import Image
from tests.store.samples import MODEL, sample_recipe, sample_render

from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store.intake import prepare
from renderlock.store.png_texts import parameters_of
from renderlock.store.records import Encoded

MAKER = "renderlock " + ".".join(version("renderlock").split(".")[:2])


def texts_in(data: bytes) -> dict[str, str]:
    with Image.open(io.BytesIO(data)) as picture:
        return {str(key): text for key, text in picture.info.items() if isinstance(text, str)}


def test_a_png_carries_its_whole_recipe_and_standing() -> None:
    recipe = sample_recipe(3, prompt="Café 東京, “neon”")
    (encoded,) = prepare(replace(sample_render(3, standing=Standing.SANDBOX), recipe=recipe)).blobs.values()

    assert isinstance(encoded, Encoded)
    embedded = json.loads(texts_in(encoded.data)["renderlock"])

    assert Recipe.from_json(embedded["recipe"]) == recipe
    assert embedded["standing"] == "sandbox"


def test_the_parameters_text_is_what_other_tools_read() -> None:
    recipe = Recipe(
        MODEL, "a hero", 7, Size(512, 768), "blurry", steps=20, guidance_scale=7.0, sampler="Euler a", init=None
    )

    assert parameters_of(recipe) == (
        "a hero\nNegative prompt: blurry\n"
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 7, Size: 512x768, Model hash: 0123456789, Model: tiny,"
        f" Version: {MAKER}"
    )


def test_parameters_name_the_denoising_strength_of_img2img_and_leave_out_what_does_not_apply() -> None:
    hosted = replace(MODEL, weights="")
    recipe = Recipe(hosted, "a hero", 7, Size(64, 64), init=Init("a" * 64, 0.35))

    line = parameters_of(recipe).splitlines()[-1]

    assert line == f"Seed: 7, Size: 64x64, Model: tiny, Denoising strength: 0.35, Version: {MAKER}"


def test_a_value_that_would_end_itself_is_quoted() -> None:
    odd = replace(MODEL, model="org/a, b: c")

    assert 'Model: "org/a, b: c", ' in parameters_of(replace(sample_recipe(1), model=odd))


def test_the_same_work_gives_the_same_file_whenever_it_is_kept() -> None:
    first = prepare(sample_render(1)).record
    again = prepare(replace(sample_render(1), made=sample_render(9).made)).record

    assert (again.blob, again.address) == (first.blob, first.address)
