"""The recipe's digest is a contract: known recipes keep their names for ever."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.errors import RecipeError
from renderlock.spec.identity import ModelKey
from renderlock.spec.recipe import LARGEST_SEED, Init, Recipe, Size, TilingPlan, Window

LOCAL = ModelKey("embedded", "renderlock-icons", "v2", "embedded/1", "ab" * 32)
HOSTED = ModelKey("ideogram", "V_2", "V_2", "ideogram:generate", "")
PLAIN = Recipe(LOCAL, "a red apple", 0, Size(512, 512), "", 24, 4.0, "euler")

KNOWN = {
    "plain": (PLAIN, "rl1:4612d634c3b9dcc24ac7ef1f4e4bfac1a29ac5eff40e292cfebae7ecc0357b88"),
    "negative prompt": (
        replace(PLAIN, negative_prompt="text, blur"),
        "rl1:49df16a4693345675c451785b5d08434da787eb54121504dbcfa45cd6d271125",
    ),
    "another seed": (
        replace(PLAIN, seed=LARGEST_SEED),
        "rl1:e8d738c6f0d2b821739aa71e4678db2c8347359b389e05d4e737a81b3b5d6949",
    ),
    "broken guidance": (
        replace(PLAIN, guidance_scale=7.5),
        "rl1:a909eee9b8be6f517a128ad63c89e34e6b1d8de99e35ae4036242ad05fe8426d",
    ),
    "unicode": (
        replace(PLAIN, prompt="Äpfel 🍎 für die Küche\nzweite Zeile"),
        "rl1:76b7e77c8e4690981bdee16cc3c07bb8e092645a3c178928165723e991566297",
    ),
    "img2img": (
        replace(PLAIN, init=Init("cd" * 32, 0.35)),
        "rl1:b38bba05e921ca986baac66be382c2242336e594a96f51ab111feca86bd65870",
    ),
    "tiled": (
        replace(PLAIN, size=Size(2048, 1024), tiling=TilingPlan(Size(512, 512), 64)),
        "rl1:dc7861fbd27b326855c7414a40083dd59bc01b4bc98285b119a72ae2967a0b48",
    ),
    "a tile of a canvas": (
        replace(PLAIN, window=Window(448, 0, Size(2048, 1024))),
        "rl1:2f8487e376573e6e1c06555950be956af4463ec6aadffa0e2ce806fa1585d51d",
    ),
    "hosted, without steps": (
        Recipe(HOSTED, "a hero shot", 7, Size(1024, 1024)),
        "rl1:6d4fe7a398d53835d4d0b94a324e6dadaab177432d0c55c832485cc0d99ee981",
    ),
    "extras": (
        replace(PLAIN, extras=(("clip_skip", 2), ("magic_prompt", "OFF"))),
        "rl1:f84457ab4e8461c1486e3ca7f80e8f7991f187ef06dbdbca4bf1d6e29e8e4608",
    ),
}
"""Never changed without a new format tag: pictures in every store are found by these names."""


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_recipe_keeps_its_digest(name: str) -> None:
    recipe, digest = KNOWN[name]
    assert recipe.digest == digest


def test_the_digest_is_the_sha256_of_sorted_compact_json() -> None:
    independent = json.dumps(PLAIN.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # Canonical numbers: 4.0 is written 4.
    independent = independent.replace(":4.0,", ":4,")
    assert PLAIN.digest == f"rl1:{hashlib.sha256(independent.encode()).hexdigest()}"


def test_equal_looking_prompts_are_equal_work() -> None:
    decomposed = unicodedata.normalize("NFD", "Äpfel für Zoë")
    assert replace(PLAIN, prompt=decomposed).digest == replace(PLAIN, prompt="Äpfel für Zoë").digest


def test_spaces_and_case_in_a_prompt_count() -> None:
    prompts = ["a red apple", "a red  apple", "A red apple", "a red apple "]
    assert len({replace(PLAIN, prompt=prompt).digest for prompt in prompts}) == len(prompts)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", 1),
        ("size", Size(512, 544)),
        ("negative_prompt", "blue"),
        ("steps", 25),
        ("guidance_scale", 4.5),
        ("sampler", "heun"),
        ("model", replace(LOCAL, weights="ac" * 32)),
        ("model", replace(LOCAL, surface="embedded/2")),
        ("init", Init("cd" * 32, 0.5)),
        ("tiling", TilingPlan(Size(256, 256), 32)),
        ("window", Window(0, 0, Size(1024, 1024))),
        ("extras", (("clip_skip", 1),)),
    ],
)
def test_whatever_changes_pixels_changes_the_digest(field: str, value: object) -> None:
    changed = Recipe.from_json({**replace(PLAIN, **{field: value}).to_json()})  # type: ignore[arg-type]  # by design
    assert changed.digest != PLAIN.digest


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("seed", LARGEST_SEED + 1),
        ("size", Size(0, 512)),
        ("size", Size(512, 32_769)),
        ("steps", 0),
        ("guidance_scale", -0.1),
        ("guidance_scale", float("nan")),
        ("init", Init("cd" * 32, 0.0)),
        ("init", Init("cd" * 32, 1.1)),
        ("window", Window(513, 0, Size(1024, 1024))),
        ("window", Window(0, -1, Size(1024, 1024))),
        ("window", Window(0, 0, Size(1024, 32_769))),
        ("prompt", "null\0byte"),
        ("prompt", "lone \ud800 surrogate"),
        ("prompt", "x" * 20_001),
        ("extras", (("weight", float("inf")),)),
    ],
)
def test_a_field_out_of_range_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(RecipeError) as caught:
        replace(PLAIN, **{field: value})  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.advice


recipes = st.builds(
    Recipe,
    model=st.builds(ModelKey, *(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),) * 5),
    prompt=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50),
    seed=st.integers(0, LARGEST_SEED),
    size=st.builds(Size, st.integers(1, 32_768), st.integers(1, 32_768)),
    steps=st.none() | st.integers(1, 1000),
    guidance_scale=st.none() | st.floats(0, 100),
    sampler=st.none() | st.sampled_from(["euler", "heun"]),
    init=st.none() | st.builds(Init, st.just("cd" * 32), st.floats(0.001, 1)),
    extras=st.dictionaries(st.sampled_from("abc"), st.integers(0, 9) | st.text("xy", max_size=3)).map(
        lambda pairs: tuple(pairs.items())
    ),
)


@given(recipes)
def test_a_recipe_comes_back_from_its_json_unchanged(recipe: Recipe) -> None:
    again = Recipe.from_json(json.loads(recipe.to_canonical_json()))
    assert again == recipe
    assert again.digest == recipe.digest


@given(recipes, st.randoms())
def test_the_order_of_keys_does_not_count(recipe: Recipe, random: object) -> None:
    shuffled = list(recipe.to_json().items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    assert Recipe.from_json(dict(shuffled)).digest == recipe.digest


@pytest.mark.parametrize("field", ["prompt", "seed", "model", "width"])
def test_json_that_lacks_a_field_is_refused_by_name(field: str) -> None:
    fields = PLAIN.to_json()
    del fields[field]
    with pytest.raises(RecipeError, match=field):
        Recipe.from_json(fields)


def test_a_tile_comes_back_from_its_json_unchanged() -> None:
    tile = KNOWN["a tile of a canvas"][0]

    assert Recipe.from_json(json.loads(tile.to_canonical_json())) == tile


def test_json_of_another_format_is_refused() -> None:
    with pytest.raises(RecipeError, match="rl2"):
        Recipe.from_json({**PLAIN.to_json(), "format": "rl2"})
