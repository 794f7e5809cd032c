"""The embedded engine as people use it: sizes, steering, img2img, deviations, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version as installed_version
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.embedded.engine import EmbeddedEngine, open_model
from renderlock.engines.resolve import Request
from renderlock.errors import NotCapable, RecipeError, RenderlockError
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.recipe import Init, Recipe, Size, TilingPlan, Window

RecipeOf = Callable[[Request], Recipe]


def render(engine: EmbeddedEngine, recipe: Recipe, init: Pixels | None = None) -> Pixels:
    return engine.render(recipe, init, Unwatched()).pixels


def distance(one: Pixels, other: Pixels) -> float:
    """Mean absolute difference in levels, 0 to 255."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


@pytest.mark.parametrize("size", [Size(512, 512), Size(320, 96), Size(160, 288)])
def test_large_and_oblong_sizes_come_out_exactly_with_a_picture_in_them(
    engine: EmbeddedEngine, recipe_of: RecipeOf, size: Size
) -> None:
    pixels = render(engine, recipe_of(Request("red apple", 3, size=size, steps=2)))

    assert pixels.shape == (size.height, size.width, 3)
    assert pixels.std() > 10


def test_a_prompt_s_colour_comes_out(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    red, blue = (render(engine, recipe_of(Request(f"{colour} heart", 2))) for colour in ("red", "blue"))

    lean = [float(pixels[..., 0].mean()) - float(pixels[..., 2].mean()) for pixels in (red, blue)]

    assert lean[0] > 20
    assert lean[1] < -20


def test_a_negative_prompt_pushes_the_picture_away_from_what_it_names(
    engine: EmbeddedEngine, recipe_of: RecipeOf
) -> None:
    plain = render(engine, recipe_of(Request("heart", 4)))
    redness = float(plain[..., 0].mean()) - float(plain[..., 1:].mean())

    steered = render(engine, recipe_of(Request("heart", 4, negative_prompt="red")))

    assert float(steered[..., 0].mean()) - float(steered[..., 1:].mean()) < redness - 5


def test_more_strength_leaves_an_init_picture_further(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    init = render(engine, recipe_of(Request("red apple", 1)))

    distances = [
        distance(
            init, render(engine, recipe_of(Request("yellow star", 5, steps=6, init=Init(digest_pixels(init), s))), init)
        )
        for s in (0.15, 0.4, 0.65, 0.95)
    ]

    assert distances == sorted(distances)
    assert distances[0] < 10 < distances[-1]


def test_full_strength_is_a_picture_from_noise_alone(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    init = np.full((128, 128, 3), 200, np.uint8)
    recipe = recipe_of(Request("red apple", 1, size=Size(128, 128)))

    started = render(engine, replace(recipe, init=Init(digest_pixels(init), 1.0)), init)

    assert digest_pixels(started) == digest_pixels(render(engine, recipe))


def test_an_init_picture_with_alpha_counts_as_it_looks_on_white(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    clear = np.zeros((64, 64, 4), np.uint8)
    white = np.full((64, 64, 3), 255, np.uint8)
    recipe = recipe_of(Request("red apple", 1, size=Size(64, 64), steps=4, init=Init(digest_pixels(white), 0.5)))

    assert digest_pixels(render(engine, recipe, clear)) == digest_pixels(render(engine, recipe, white))


def test_unknown_words_are_recorded_as_deviations(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of(Request("red xqzzt apple", 1, negative_prompt="blorfle", steps=1))

    deviations = engine.render(recipe, None, Unwatched()).deviations

    assert [(note.field, note.asked) for note in deviations] == [("prompt", "xqzzt"), ("negative_prompt", "blorfle")]


def test_a_word_of_the_captions_is_known_even_where_it_is_read_in_pieces(
    engine: EmbeddedEngine, recipe_of: RecipeOf
) -> None:
    recipe = recipe_of(Request("a sailboat and a sunflower, flat style, on the left", 1, steps=1))

    assert engine.render(recipe, None, Unwatched()).deviations == ()


def test_a_prompt_beyond_the_model_s_reach_is_recorded(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of(Request("red apple " * 40, 1, steps=1))

    (deviation,) = engine.render(recipe, None, Unwatched()).deviations

    assert deviation.asked == "80 word pieces"


def test_a_negative_prompt_without_guidance_is_recorded_as_idle(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    idle = recipe_of(Request("red apple", 1, negative_prompt="green", guidance_scale=1.0, steps=2))

    with_it = engine.render(idle, None, Unwatched())

    assert [note.field for note in with_it.deviations] == ["negative_prompt"]
    assert digest_pixels(with_it.pixels) == digest_pixels(render(engine, replace(idle, negative_prompt="")))


def test_the_two_versions_draw_different_pictures(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    recipe = recipe_of(Request("red apple", 1, steps=4))
    earlier = open_model("v1", EngineOptions())

    assert distance(render(engine, recipe), render(earlier, recipe)) > 1


IMPOSSIBLE: list[tuple[dict[str, object], type[RenderlockError], str]] = [
    ({"size": Size(100, 100)}, RecipeError, "size"),
    ({"sampler": "ddim"}, RecipeError, "sampler"),
    ({"sampler": None}, RecipeError, "sampler"),
    ({"steps": None}, RecipeError, "steps"),
    ({"guidance_scale": None}, RecipeError, "guidance_scale"),
    ({"init": Init("0" * 64, 0.5)}, RecipeError, "init"),
    ({"tiling": TilingPlan(Size(128, 128), 32)}, NotCapable, "tiling"),
    ({"extras": (("eta", 0.5),)}, NotCapable, "eta"),
]


@pytest.mark.parametrize(("change", "error", "named"), IMPOSSIBLE, ids=lambda value: str(value)[:24])
def test_a_recipe_made_for_another_model_is_refused_and_the_field_named(
    engine: EmbeddedEngine, recipe_of: RecipeOf, change: dict[str, object], error: type[RenderlockError], named: str
) -> None:
    recipe = replace(recipe_of(Request("red apple", 1)), **change)  # type: ignore[arg-type]  # fields by name

    with pytest.raises(error, match=named):
        engine.render(recipe, None, Unwatched())


def test_the_environment_names_the_library_that_decides_the_last_bits(engine: EmbeddedEngine) -> None:
    assert engine.environment() == (("library.onnxruntime", installed_version("onnxruntime")),)


def test_the_same_seed_composes_alike_at_native_size_and_four_times_as_large(
    engine: EmbeddedEngine, recipe_of: RecipeOf
) -> None:
    small, large = (
        engine.render(recipe_of(Request("a red apple on the left", 5, size=Size(side, side))), None, Unwatched()).pixels
        for side in (128, 512)
    )

    shrunk = np.asarray(Image.fromarray(large).resize((128, 128), Image.Resampling.BOX), np.int16)
    assert np.abs(shrunk - small).mean() < 10


def test_a_large_canvas_is_drawn_in_two_legs_and_counts_both(engine: EmbeddedEngine, recipe_of: RecipeOf) -> None:
    class Counter(Unwatched):
        calls: ClassVar[list[tuple[int, int]]] = []

        def on_step(self, done: int, steps: int) -> None:
            self.calls.append((done, steps))

    engine.render(recipe_of(Request("a red apple", 1, size=Size(256, 320), steps=4)), None, Counter())

    assert Counter.calls == [(done, 6) for done in range(1, 7)]


def test_a_window_that_is_the_whole_canvas_is_the_picture_without_a_window(
    engine: EmbeddedEngine, recipe_of: RecipeOf
) -> None:
    size = Size(64, 96)
    recipe = recipe_of(Request("a red apple", 1, size=size, steps=2))

    windowed = render(engine, replace(recipe, window=Window(0, 0, size)))

    assert np.array_equal(windowed, render(engine, recipe))


def test_windows_that_overlap_agree_where_they_do_better_than_with_noises_of_their_own(
    engine: EmbeddedEngine, recipe_of: RecipeOf
) -> None:
    """Also on a canvas that is no multiple of a cell."""
    ground = np.asarray(Image.effect_noise((128, 128), 60).convert("RGB"))
    init = Init(digest_pixels(ground), 0.4)
    recipe = recipe_of(Request("", 1, size=Size(128, 128), steps=3, init=init))
    canvas = Size(197, 131)
    # The right half of the first window is the left half of the second.
    left = render(engine, replace(recipe, window=Window(0, 3, canvas)), ground)
    rolled = np.roll(ground, -64, axis=1)
    right, alone = (render(engine, replace(recipe, seed=seed, window=Window(64, 3, canvas)), rolled) for seed in (1, 2))

    inner = slice(16, 48)
    shared = distance(left[:, 64:][:, inner], right[:, inner])

    assert shared < 0.7 * distance(left[:, 64:][:, inner], alone[:, inner])
