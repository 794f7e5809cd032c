"""The steward over the embedded model: budgets held by the system, rungs climbed because an allocation was refused."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
from tests.actions.memory.samples import MIB

from renderlock.actions.memory.address_space import LIMITED
from renderlock.actions.memory.history import Recalled
from renderlock.actions.memory.ladder import Rung, rungs_for
from renderlock.actions.memory.steward import Steward
from renderlock.actions.models import Models
from renderlock.engines.base import Preview, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import OutOfMemory, RecipeError
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.recipe import Init, Recipe, Size, Window

pytestmark = pytest.mark.skipif(not LIMITED, reason="this system keeps no process to a memory limit")

AMPLE = 400 * MIB
TIGHT = 180 * MIB
"""Below the 246 MiB that 512 x 512 takes, above the 119 with lean allocation."""


def recipe_of(models: Models, side: int, *, seed: int = 1, steps: int = 2) -> Recipe:
    engine, identity = models.engine("embedded"), models.identity("embedded")
    request = Request("a red apple", seed, size=Size(side, side), steps=steps)
    return resolve(request, identity, engine.capabilities, "refuse").recipe


def rungs_of(models: Models) -> tuple[Rung, ...]:
    return rungs_for(models.engine("embedded").capabilities)


class Recorder:
    """Notes each step, and does something at one."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []

    def on_step(self, done: int, steps: int) -> None:
        self.steps.append((done, steps))


class Stopping(Recorder):
    def on_step(self, done: int, steps: int) -> None:
        super().on_step(done, steps)
        raise InterruptedError


class Looking(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Pixels] = []

    def on_preview(self, preview: Preview) -> None:
        self.seen.append(preview())


class Killing(Recorder):
    """Kills the worker at its first step, as the kernel does when memory is gone."""

    def __init__(self, steward: Steward) -> None:
        super().__init__()
        self.killed = 0
        self._steward = steward

    def on_step(self, done: int, steps: int) -> None:
        super().on_step(done, steps)
        pid = self._steward.worker_pid
        if not self.killed and pid is not None:
            self.killed += 1
            os.kill(pid, signal.SIGKILL)


def test_a_render_that_fits_is_the_one_this_process_would_make(steward: Steward, models: Models) -> None:
    recipe, watch = recipe_of(models, 128, steps=3), Recorder()

    made = steward.render("embedded", recipe, None, watch, budget_bytes=AMPLE, rungs=rungs_of(models))

    here = models.engine("embedded").render(recipe, None, Unwatched())
    assert digest_pixels(made.render.pixels) == digest_pixels(here.pixels)
    assert (made.rungs_taken, made.deviations, made.recipe) == ((), (), recipe)
    assert watch.steps == [(1, 3), (2, 3), (3, 3)]
    assert made.peak_bytes is not None
    assert 60 * MIB < made.peak_bytes < 130 * MIB


def test_an_allocation_that_is_refused_leads_to_the_next_rung_and_the_same_pixels(models: Models) -> None:
    blind = Steward(models, Recalled())
    recipe = recipe_of(models, 512)
    lean = replace(rungs_of(models)[0], kind="lever")

    made = blind.render("embedded", recipe, None, Unwatched(), budget_bytes=TIGHT, rungs=[lean])

    blind.close()
    assert [rung.lever for rung in made.rungs_taken] == ["lean-allocation"]
    assert made.peak_bytes is not None
    assert made.peak_bytes < TIGHT
    whole = models.engine("embedded").render(recipe, None, Unwatched())
    assert digest_pixels(made.render.pixels) == digest_pixels(whole.pixels)


def test_without_rungs_running_out_is_an_error_with_the_numbers(steward: Steward, models: Models) -> None:
    with pytest.raises(OutOfMemory, match="512x512 under a budget of 205 MiB") as caught:
        steward.render("embedded", recipe_of(models, 512), None, Unwatched(), budget_bytes=205 * MIB, rungs=())

    facts = caught.value.facts
    assert facts["budget_bytes"] == 205 * MIB
    assert isinstance(facts["predicted_bytes"], int)
    assert facts["predicted_bytes"] > 205 * MIB
    assert "as it is" in str(facts["failures"])
    assert caught.value.exit_code == 6


def test_after_the_last_rung_the_steward_can_be_used_again(steward: Steward, models: Models) -> None:
    with pytest.raises(OutOfMemory):
        steward.render(
            "embedded", recipe_of(models, 512), None, Unwatched(), budget_bytes=110 * MIB, rungs=rungs_of(models)
        )

    made = steward.render(
        "embedded", recipe_of(models, 64), None, Unwatched(), budget_bytes=AMPLE, rungs=rungs_of(models)
    )

    assert made.render.pixels.shape == (64, 64, 3)


def test_what_one_render_needed_the_next_of_its_shape_gets_at_once(models: Models) -> None:
    steward = Steward(models, Recalled())
    seen = []
    for seed in (1, 2):
        watch = Recorder()
        made = steward.render(
            "embedded", recipe_of(models, 512, seed=seed), None, watch, budget_bytes=TIGHT, rungs=rungs_of(models)
        )
        seen.append((made.rungs_taken, made.render.pixels.shape, len({done for done, _ in watch.steps})))
        assert len(watch.steps) == watch.steps[-1][1]

    steward.close()
    assert seen[0] == seen[1]


def test_what_the_watch_raises_stops_the_render_at_once(steward: Steward, models: Models) -> None:
    watch = Stopping()

    with pytest.raises(InterruptedError):
        steward.render("embedded", recipe_of(models, 64, steps=5), None, watch, budget_bytes=AMPLE, rungs=())

    assert watch.steps == [(1, 5)]
    again = Recorder()
    steward.render("embedded", recipe_of(models, 64, steps=5), None, again, budget_bytes=AMPLE, rungs=())
    assert len(again.steps) == 5


def test_previews_come_through(steward: Steward, models: Models) -> None:
    watch = Looking()

    made = steward.render("embedded", recipe_of(models, 64, steps=3), None, watch, budget_bytes=AMPLE, rungs=())

    assert len(watch.seen) == len(watch.steps) == 3
    assert watch.seen[-1].shape == made.render.pixels.shape
    assert np.abs(watch.seen[-1].astype(int) - made.render.pixels).mean() < 2


def test_a_start_picture_comes_through(steward: Steward, models: Models) -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)
    recipe = replace(recipe_of(models, 64, steps=4), init=Init(digest_pixels(picture), 0.5))

    made = steward.render("embedded", recipe, picture, Unwatched(), budget_bytes=AMPLE, rungs=())

    here = models.engine("embedded").render(recipe, picture, Unwatched())
    assert digest_pixels(made.render.pixels) == digest_pixels(here.pixels)


def test_a_worker_that_is_killed_costs_an_attempt_and_not_the_run(models: Models) -> None:
    steward = Steward(models, Recalled())
    watch = Killing(steward)

    made = steward.render(
        "embedded", recipe_of(models, 64, steps=3), None, watch, budget_bytes=AMPLE, rungs=rungs_of(models)
    )

    steward.close()
    assert watch.killed == 1
    assert made.rungs_taken == ()
    assert watch.steps == [(1, 3), (1, 3), (2, 3), (3, 3)]


def test_errors_of_the_engine_come_through_as_they_are(steward: Steward, models: Models) -> None:
    wrong = replace(recipe_of(models, 64), sampler="none such")

    with pytest.raises(RecipeError, match="none such"):
        steward.render("embedded", wrong, None, Unwatched(), budget_bytes=AMPLE, rungs=())


def test_without_a_budget_nothing_leaves_this_process(models: Models) -> None:
    steward = Steward(models, Recalled())

    made = steward.render("embedded", recipe_of(models, 64), None, Unwatched(), budget_bytes=None, rungs=())

    assert steward.worker_pid is None
    assert made.render.pixels.shape == (64, 64, 3)


def test_what_was_measured_predicts_the_shape_and_others_of_the_model(models: Models) -> None:
    steward = Steward(models, Recalled())
    recipe = recipe_of(models, 512)
    first = steward.predict("embedded", recipe)

    made = steward.render("embedded", recipe, None, Unwatched(), budget_bytes=AMPLE, rungs=())
    second = steward.predict("embedded", recipe)

    steward.close()
    assert made.peak_bytes is not None
    assert first.bytes is not None
    assert second.bytes is not None
    assert 0.75 <= made.peak_bytes / second.bytes <= 1.0
    assert abs(second.bytes - made.peak_bytes) <= abs(first.bytes - made.peak_bytes)
    assert second.seconds is not None


def test_a_tile_that_follows_its_base_is_measured_too_and_predicted_better(models: Models) -> None:
    steward = Steward(models, Recalled())
    rungs, picture = rungs_of(models), np.full((384, 384, 3), 200, np.uint8)
    start = Init(digest_pixels(picture), 0.5)
    tile = replace(recipe_of(models, 384, steps=4), init=start, window=Window(128, 0, Size(640, 640)))
    steward.render("embedded", recipe_of(models, 128), None, Unwatched(), budget_bytes=AMPLE, rungs=rungs)
    first = steward.predict("embedded", tile)

    made = steward.render("embedded", tile, picture, Unwatched(), budget_bytes=AMPLE, rungs=rungs)
    second = steward.predict("embedded", replace(tile, window=Window(0, 256, Size(640, 640))))

    steward.close()
    assert made.peak_bytes is not None
    assert first.bytes is not None
    assert second.bytes is not None
    assert second.source == "measured at this very shape"
    assert abs(second.bytes / made.peak_bytes - 1.08) <= 0.01
    assert abs(second.bytes / 1.08 - made.peak_bytes) <= abs(first.bytes - made.peak_bytes)


def test_what_should_have_fit_and_failed_once_is_not_held_against_the_next_picture(models: Models) -> None:
    steward = Steward(models, Recalled())
    rungs = rungs_of(models)
    killing = Killing(steward)
    first = steward.render("embedded", recipe_of(models, 64), None, killing, budget_bytes=AMPLE, rungs=rungs)

    second = steward.render(
        "embedded", recipe_of(models, 64, seed=2), None, Unwatched(), budget_bytes=AMPLE, rungs=rungs
    )

    steward.close()
    assert killing.killed == 1
    assert (first.rungs_taken, second.rungs_taken) == ((), ())
    assert first.deviations == ()


def test_the_error_after_the_last_rung_tells_what_each_attempt_held(models: Models) -> None:
    steward = Steward(models, Recalled())

    with pytest.raises(OutOfMemory) as caught:
        steward.render(
            "embedded", recipe_of(models, 512), None, Unwatched(), budget_bytes=116 * MIB, rungs=rungs_of(models)
        )

    steward.close()
    as_it_is, unloaded = str(caught.value.facts["failures"]).split("; ")
    assert as_it_is.startswith("as it is: not tried, at least ")
    assert re.search(r"^unload: .*\(\d+ MiB held at most, limit 116 MiB, \d+ MiB predicted\)$", unloaded)
