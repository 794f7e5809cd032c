"""Tiles whose noise is cut from their canvas's."""

# ruff: noqa: PLC0415 - the modules under test import torch, which takes seconds that collecting tests must not

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.diffusers_local.engine import DiffusersEngine, open_model
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import RecipeError
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.recipe import Init, Recipe, Size, Window

CANVAS = Size(128, 96)


def tile_recipe(engine: DiffusersEngine, left: int, top: int, *, steps: int = 2) -> Recipe:
    request = Request("red apple", 7, size=Size(48, 32), steps=steps)
    recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
    return replace(recipe, window=Window(left, top, CANVAS))


def pixels_of(engine: DiffusersEngine, recipe: Recipe) -> Pixels:
    return engine.render(recipe, None, Unwatched()).pixels


@settings(max_examples=settings().max_examples // 4)
@given(
    seed=st.integers(0, 2**53 - 1),
    channels=st.integers(1, 5),
    place=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_a_part_of_the_canvas_is_the_canvas_there(
    seed: int, channels: int, place: tuple[int, int], size: tuple[int, int]
) -> None:
    from renderlock.engines.diffusers_local.canvas_noise import draw_canvas_noise

    (top, left), (height, width) = place, size
    whole = draw_canvas_noise(seed, 1, channels=channels, rows=range(20), columns=range(20))

    part = draw_canvas_noise(
        seed, 1, channels=channels, rows=range(top, top + height), columns=range(left, left + width)
    )

    assert np.array_equal(part, whole[:, top : top + height, left : left + width])


def test_canvas_noise_is_standard_normal_and_differs_by_seed_and_draw() -> None:
    from renderlock.engines.diffusers_local.canvas_noise import draw_canvas_noise

    drawn = [
        draw_canvas_noise(seed, draw, channels=4, rows=range(100), columns=range(100))
        for seed, draw in ((1, 0), (1, 1), (2, 0))
    ]

    for noise in drawn:
        assert abs(noise.mean()) < 0.02
        assert abs(noise.std() - 1) < 0.02
    assert abs(np.corrcoef(drawn[0].ravel(), drawn[1].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn[0].ravel(), drawn[2].ravel())[0, 1]) < 0.03


def test_tiles_that_overlap_start_from_the_same_noise_where_they_do(sd_engine: DiffusersEngine) -> None:
    from renderlock.engines.diffusers_local.canvas_noise import CanvasNoise

    left, right = (CanvasNoise(7, Size(48, 32), Window(x, 16, CANVAS)).randn_tensor((1, 4, 16, 24)) for x in (0, 32))

    assert np.array_equal(left[..., 16:].numpy(), right[..., :8].numpy())


@pytest.mark.parametrize("fixture", ["stable_diffusion", "z_image", "flux"])
def test_a_tile_depends_on_its_place_and_on_nothing_rendered_before(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(fixture)
    engine = open_model(str(folder), EngineOptions())
    assert engine.capabilities.windows
    here, there = tile_recipe(engine, 0, 0), tile_recipe(engine, 32, 16)

    first = [digest_pixels(pixels_of(engine, recipe)) for recipe in (here, there)]
    again = [digest_pixels(pixels_of(engine, recipe)) for recipe in (there, here)]

    engine.close()
    assert first[0] != first[1]
    assert again == first[::-1]


def test_a_render_without_a_window_is_what_it_was(sd_engine: DiffusersEngine) -> None:
    plain = replace(tile_recipe(sd_engine, 0, 0), window=None)
    before = digest_pixels(pixels_of(sd_engine, plain))

    pixels_of(sd_engine, tile_recipe(sd_engine, 16, 16))

    assert digest_pixels(pixels_of(sd_engine, plain)) == before


def test_samplers_that_add_noise_and_start_pictures_take_theirs_from_the_canvas_too(
    sd_engine: DiffusersEngine,
) -> None:
    picture = np.full((32, 48, 3), 120, np.uint8)
    recipes = [
        replace(tile_recipe(sd_engine, left, 0, steps=4), sampler="euler_a", init=Init(digest_pixels(picture), 0.75))
        for left in (0, 0, 32)
    ]

    made = [digest_pixels(sd_engine.render(recipe, picture, Unwatched()).pixels) for recipe in recipes]

    assert made[0] == made[1] != made[2]


def test_a_tile_off_the_cells_of_the_model_is_refused(sd_engine: DiffusersEngine) -> None:
    with pytest.raises(RecipeError, match="multiples of 2 pixels"):
        pixels_of(sd_engine, tile_recipe(sd_engine, 1, 0))
