"""The embedded model's memory: the measured table, and the lever that changes no pixel."""

from __future__ import annotations

import pytest

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.embedded.engine import open_model
from renderlock.engines.embedded.memory import LEAN, estimate_memory
from renderlock.engines.memory_facts import MemoryFacts
from renderlock.engines.resolve import Request, resolve
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Recipe, Size

MIB = 2**20


def recipe_of(width: int, height: int, guidance_scale: float = 3.0) -> Recipe:
    engine = open_model("", EngineOptions())
    request = Request("a red apple", 1, size=Size(width, height), steps=2, guidance_scale=guidance_scale)
    return resolve(request, engine.identify(), engine.capabilities, "refuse").recipe


@pytest.mark.parametrize(
    ("side", "lean", "threads", "peak_mib"),
    [(128, False, 1, 97.3), (512, False, 1, 246.0), (512, True, 1, 119.2), (512, False, 2, 311.6), (256, True, 2, 101)],
)
def test_the_table_is_what_was_measured(side: int, lean: bool, threads: int, peak_mib: float) -> None:
    foretold = estimate_memory(recipe_of(side, side), threads, lean=lean).total / MIB

    assert foretold == pytest.approx(peak_mib, rel=0.02)


def test_between_measured_sizes_area_decides() -> None:
    wide, square = (estimate_memory(recipe_of(*size), 1, lean=False) for size in ((512, 128), (256, 256)))

    assert wide == square
    assert (
        estimate_memory(recipe_of(256, 256), 1, lean=False).total
        < estimate_memory(recipe_of(288, 288), 1, lean=False).total
    )


def test_without_guidance_there_is_nothing_to_evaluate_at_once() -> None:
    guided, plain = (estimate_memory(recipe_of(512, 512, scale), 2, lean=False) for scale in (3.0, 1.0))

    assert plain.total < guided.total


def test_the_engine_tells_its_memory_and_lean_allocation_changes_no_pixel() -> None:
    engine = open_model("", EngineOptions())
    recipe = recipe_of(128, 128)
    assert isinstance(engine, MemoryFacts)
    before = digest_pixels(engine.render(recipe, None, Unwatched()).pixels)

    engine.use_levers({LEAN})

    assert LEAN in engine.capabilities.levers
    assert digest_pixels(engine.render(recipe, None, Unwatched()).pixels) == before
    assert engine.memory(recipe, {LEAN}).total <= engine.memory(recipe, ()).total
