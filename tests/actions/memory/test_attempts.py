"""The attempts at one render: one rung more each time, those that help only."""

from __future__ import annotations

from collections.abc import Collection

from tests.actions.memory.samples import LOCAL, MIB, RECIPE, predicted

from renderlock.actions.memory.attempts import Attempt, attempts_for
from renderlock.actions.memory.ladder import rungs_for
from renderlock.actions.memory.prediction import Prediction
from renderlock.spec.recipe import Recipe

RUNGS = tuple(rung for rung in rungs_for(LOCAL, device="cpu") if rung.kind != "plan")


def foresee(recipe: Recipe, levers: Collection[str]) -> Prediction:
    """A model whose decoding takes 400 MiB whole and the square of its tiles in parts, and whose steps take 100."""
    tile = dict(recipe.extras).get("vae_tile_px", 2048)
    decode = min(400.0, 400 * (float(tile) / 1024) ** 2)
    return predicted(max(decode, 60.0 if "split-guidance" in levers else 100.0))


def told(attempts: list[Attempt]) -> list[tuple[list[str], object]]:
    return [([rung.name for rung in one.rungs], dict(one.recipe.extras).get("vae_tile_px")) for one in attempts]


def test_each_attempt_has_one_rung_more_and_those_that_do_not_help_are_left_out() -> None:
    attempts = list(attempts_for(RECIPE, RUNGS, foresee, 150 * MIB))

    assert told(attempts) == [
        ([], None),
        (["unload"], None),
        (["unload", "vae-tiling"], 512),
    ]


def test_tiles_are_as_large_as_the_budget_allows() -> None:
    for fits, tile in ((120, 512), (90, 64)):
        last = next(one for one in attempts_for(RECIPE, RUNGS, foresee, fits * MIB) if one.recipe.extras)
        assert dict(last.recipe.extras)["vae_tile_px"] == tile


def test_a_lever_is_pulled_where_it_lowers_what_tiles_left() -> None:
    attempts = list(attempts_for(RECIPE, RUNGS, foresee, 70 * MIB))

    assert told(attempts)[-1] == (["unload", "vae-tiling", "split-guidance"], 64)
    assert attempts[-1].levers == {"split-guidance"}


def test_without_a_budget_tiles_have_the_usual_size() -> None:
    last = list(attempts_for(RECIPE, RUNGS, foresee, None))[2]

    assert dict(last.recipe.extras) == {"vae_tile_px": 512}


def test_every_rung_is_tried_where_nothing_can_be_foretold() -> None:
    attempts = list(attempts_for(RECIPE, RUNGS, lambda *_: Prediction(None, None, None, "nothing"), 100 * MIB))

    assert [rung.name for rung in attempts[-1].rungs] == [
        "unload",
        "vae-tiling",
        "attention-slicing",
        "split-guidance",
    ]


def test_attempts_are_foreseen_only_when_they_are_reached() -> None:
    asked: list[Recipe] = []

    def counting(recipe: Recipe, levers: Collection[str]) -> Prediction:
        asked.append(recipe)
        return foresee(recipe, levers)

    next(iter(attempts_for(RECIPE, RUNGS, counting, 100 * MIB)))

    assert len(asked) == 1
