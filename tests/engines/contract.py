"""The engine contract as tests: every engine's own tests subclass `EngineContract` and give its `subject`.

    from tests.engines.contract import EngineContract, Subject

    class TestMyEngine(EngineContract):
        @pytest.fixture(scope="class")
        @classmethod
        def subject(cls) -> Subject: ...

A test that does not apply (no img2img, no seed) is skipped by the engine's own `Capabilities`, so an engine
cannot leave a promise out without saying so there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest

from renderlock.engines.base import Engine, EngineOptions, Preview, Unwatched
from renderlock.engines.capabilities import Capabilities, SeedGrade, SizeRule
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import ModelUnavailable
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.identity import ModelIdentity, ModelKey
from renderlock.spec.recipe import Init, Recipe, Size


@dataclass(frozen=True)
class Subject:
    """One engine under contract.

    `open` opens it anew; `prompt` and `other_prompt` are two things it draws differently, `unwanted` a negative
    prompt; `size` is a legal size that is quick. `change_a_file` alters a weight file of everything opened from
    then on and gives a function that restores it; None where the model has no files.
    """

    open: Callable[[EngineOptions], Engine]
    prompt: str
    other_prompt: str
    size: Size
    unwanted: str = ""
    change_a_file: Callable[[], Callable[[], None]] | None = None


class StopWatch(Exception):
    """What a watch raises to stop a render."""


class Recorder:
    """A watch that notes every call, and stops the render after a number of steps."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.calls: list[tuple[int, int]] = []
        self._stop_after = stop_after

    def on_step(self, done: int, steps: int) -> None:
        self.calls.append((done, steps))
        if done == self._stop_after:
            raise StopWatch


class PreviewRecorder(Recorder):
    """Notes the previews that came before each step."""

    def __init__(self) -> None:
        super().__init__()
        self.previews: list[Pixels] = []

    def on_preview(self, preview: Preview) -> None:
        assert len(self.previews) == len(self.calls)
        self.previews.append(preview())


class EngineContract:
    """What every engine keeps; see `renderlock.engines.base`."""

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Subject:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, subject: Subject) -> Iterator[Engine]:
        engine = subject.open(EngineOptions())
        yield engine
        engine.close()

    @pytest.fixture(scope="class")
    @classmethod
    def facts(cls, engine: Engine) -> Capabilities:
        return engine.capabilities

    @pytest.fixture(scope="class")
    @classmethod
    def recipe(cls, subject: Subject, engine: Engine, facts: Capabilities) -> Recipe:
        """The subject's prompt at its quick size and few steps, all else at the engine's defaults."""
        steps = None if facts.steps is None else min(facts.steps.default, max(facts.steps.lowest, 4))
        request = Request(subject.prompt, 7, size=subject.size, steps=steps)
        return resolve(request, engine.identify(), facts, "refuse").recipe

    @pytest.fixture(scope="class")
    @classmethod
    def picture(cls, engine: Engine, recipe: Recipe) -> Pixels:
        return engine.render(recipe, None, Unwatched()).pixels

    def test_its_own_defaults_resolve_to_a_recipe_it_renders(self, subject: Subject, engine: Engine) -> None:
        resolved = resolve(Request(subject.prompt, 1), engine.identify(), engine.capabilities, "refuse")

        render = engine.render(resolved.recipe, None, Unwatched())

        assert resolved.deviations == ()
        assert _size_of(render.pixels) == engine.capabilities.sizes.native
        assert render.deviations == ()

    def test_pixels_are_8_bit_rgb_and_not_one_flat_colour(self, picture: Pixels) -> None:
        assert picture.dtype == np.uint8
        assert picture.shape[2] in (3, 4)
        assert len(np.unique(picture)) > 1

    def test_the_same_recipe_gives_the_same_pixels_from_an_engine_opened_anew(
        self, subject: Subject, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        _needs_exact(facts)
        other = subject.open(EngineOptions())

        again = other.render(recipe, None, Unwatched()).pixels

        other.close()
        assert digest_pixels(again) == digest_pixels(picture)

    def test_previews_come_before_each_step_near_the_picture_and_change_nothing(
        self, engine: Engine, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        if not facts.previews:
            pytest.skip("the engine shows no previews")
        watch = PreviewRecorder()

        pixels = engine.render(recipe, None, watch).pixels

        distances = [np.abs(preview.astype(int) - pixels).mean() for preview in watch.previews]
        assert digest_pixels(pixels) == digest_pixels(picture)
        assert len(distances) == len(watch.calls)
        assert distances[-1] < 2
        assert distances[-1] <= distances[0]

    def test_the_number_of_threads_changes_no_pixel(
        self, subject: Subject, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        _needs_exact(facts)
        threaded = subject.open(EngineOptions(threads=3))

        again = threaded.render(recipe, None, Unwatched()).pixels

        threaded.close()
        assert digest_pixels(again) == digest_pixels(picture)

    def test_what_was_rendered_before_changes_no_pixel(
        self, subject: Subject, engine: Engine, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        _needs_exact(facts)
        engine.render(replace(recipe, prompt=subject.other_prompt, seed=99), None, Unwatched())

        again = engine.render(recipe, None, Unwatched()).pixels

        assert digest_pixels(again) == digest_pixels(picture)

    def test_another_seed_gives_another_picture(
        self, engine: Engine, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        if facts.seed is SeedGrade.NONE:
            pytest.skip("the engine takes no seed")

        others = [engine.render(replace(recipe, seed=seed), None, Unwatched()).pixels for seed in (8, 2**53 - 1)]

        assert len({digest_pixels(pixels) for pixels in (picture, *others)}) == 3

    def test_another_prompt_gives_another_picture(
        self, subject: Subject, engine: Engine, recipe: Recipe, picture: Pixels
    ) -> None:
        other = engine.render(replace(recipe, prompt=subject.other_prompt), None, Unwatched()).pixels

        assert digest_pixels(other) != digest_pixels(picture)

    def test_the_watch_is_called_once_after_every_step_in_order(self, engine: Engine, recipe: Recipe) -> None:
        if recipe.steps is None:
            pytest.skip("the engine has no steps")
        recorder = Recorder()

        engine.render(recipe, None, recorder)

        assert recorder.calls == [(done, recipe.steps) for done in range(1, recipe.steps + 1)]

    def test_what_the_watch_raises_stops_at_once_and_leaves_the_engine_usable(
        self, engine: Engine, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        if recipe.steps is None or recipe.steps < 3:
            pytest.skip("the engine has too few steps to be stopped")
        recorder = Recorder(stop_after=2)

        with pytest.raises(StopWatch):
            engine.render(recipe, None, recorder)

        assert [done for done, _ in recorder.calls] == [1, 2]
        again = engine.render(recipe, None, Unwatched()).pixels
        assert _size_of(again) == _size_of(picture)
        if facts.seed is SeedGrade.EXACT:
            assert digest_pixels(again) == digest_pixels(picture)

    def test_sizes_at_the_edge_of_its_capabilities_come_out_exactly(
        self, engine: Engine, facts: Capabilities, recipe: Recipe
    ) -> None:
        quick = _with_fewest_steps(recipe, facts)

        for size in _edge_sizes(facts.sizes):
            pixels = engine.render(replace(quick, size=size), None, Unwatched()).pixels
            assert _size_of(pixels) == size

    def test_the_step_range_holds_and_more_steps_give_another_picture(
        self, engine: Engine, facts: Capabilities, recipe: Recipe
    ) -> None:
        if facts.steps is None:
            pytest.skip("the engine has no steps")
        counts = {facts.steps.lowest, min(facts.steps.lowest + 3, facts.steps.highest)}

        pictures = [engine.render(replace(recipe, steps=steps), None, Unwatched()).pixels for steps in counts]

        assert _all_differ(pictures)

    def test_guidance_changes_the_picture_over_its_whole_range(
        self, engine: Engine, facts: Capabilities, recipe: Recipe
    ) -> None:
        rule = facts.guidance_scale
        if rule is None:
            pytest.skip("the engine has no guidance scale")
        scales = sorted({scale for scale in (rule.lowest, rule.default, rule.highest) if scale is not None})

        pictures = [engine.render(replace(recipe, guidance_scale=scale), None, Unwatched()).pixels for scale in scales]

        assert _all_differ(pictures)

    def test_a_negative_prompt_changes_the_picture(
        self, subject: Subject, engine: Engine, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        if not facts.negative_prompt:
            pytest.skip("the engine takes no negative prompt")
        assert subject.unwanted, "the subject must name a negative prompt"

        steered = engine.render(replace(recipe, negative_prompt=subject.unwanted), None, Unwatched())

        assert digest_pixels(steered.pixels) != digest_pixels(picture)
        assert steered.deviations == ()

    def test_every_sampler_gives_its_own_picture(self, engine: Engine, facts: Capabilities, recipe: Recipe) -> None:
        if len(facts.samplers) < 2:
            pytest.skip("the engine has no choice of samplers")

        pictures = [engine.render(replace(recipe, sampler=name), None, Unwatched()).pixels for name in facts.samplers]

        assert _all_differ(pictures)

    def test_img2img_follows_both_the_init_picture_and_the_strength(
        self, engine: Engine, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        if not facts.img2img:
            pytest.skip("the engine cannot start from a picture")
        inits = [np.ascontiguousarray(picture[..., :3]), np.ascontiguousarray(255 - picture[..., :3])]

        pictures = [
            engine.render(replace(recipe, init=Init(digest_pixels(init), strength)), init, Unwatched()).pixels
            for init in inits
            for strength in (0.4, 0.7)
        ]

        assert _all_differ(pictures)
        assert {_size_of(pixels) for pixels in pictures} == {recipe.size}

    def test_threads_rendering_at_once_get_what_each_would_get_alone(
        self, engine: Engine, facts: Capabilities, recipe: Recipe
    ) -> None:
        _needs_exact(facts)
        recipes = [replace(recipe, seed=seed) for seed in (21, 22, 23)]
        alone = [digest_pixels(engine.render(each, None, Unwatched()).pixels) for each in recipes]
        together = threading.Barrier(len(recipes))

        def render(each: Recipe) -> str:
            together.wait(timeout=300)
            return digest_pixels(engine.render(each, None, Unwatched()).pixels)

        with ThreadPoolExecutor(len(recipes)) as pool:
            assert list(pool.map(render, recipes)) == alone

    def test_a_render_after_close_loads_the_model_again(
        self, subject: Subject, facts: Capabilities, recipe: Recipe, picture: Pixels
    ) -> None:
        engine = subject.open(EngineOptions())
        engine.close()
        engine.render(recipe, None, Unwatched())
        engine.close()
        engine.close()

        again = engine.render(recipe, None, Unwatched()).pixels

        engine.close()
        assert _size_of(again) == _size_of(picture)
        if facts.seed is SeedGrade.EXACT:
            assert digest_pixels(again) == digest_pixels(picture)

    def test_identity_and_environment_are_the_same_for_every_opening(self, subject: Subject, engine: Engine) -> None:
        other = subject.open(EngineOptions())

        assert other.identify() == engine.identify() == engine.identify()
        assert other.environment() == engine.environment()
        assert ModelIdentity.from_json(engine.identify().to_json()) == engine.identify()
        assert ModelKey.from_json(engine.identify().key.to_json()) == engine.identify().key

    def test_a_changed_file_never_keeps_the_identity(self, subject: Subject, engine: Engine) -> None:
        if subject.change_a_file is None:
            pytest.skip("the model has no files")
        before = engine.identify()

        restore = subject.change_a_file()
        try:
            assert _identity_or_refusal(subject) != before
        finally:
            restore()

        assert subject.open(EngineOptions()).identify() == before

    def test_capabilities_do_not_contradict_themselves(self, facts: Capabilities) -> None:
        sizes, steps, guidance = facts.sizes, facts.steps, facts.guidance_scale

        assert sizes.allows(sizes.native)
        assert all(sizes.allows(size) for size in _edge_sizes(sizes))
        assert steps is None or 1 <= steps.lowest <= steps.default <= steps.highest
        if guidance is not None:
            default = guidance.lowest if guidance.default is None else guidance.default
            assert 0 <= guidance.lowest <= default <= guidance.highest
        assert facts.batch >= 1
        assert len(set(facts.samplers)) == len(facts.samplers)

    def test_sampler_aliases_lead_to_samplers_and_hide_none(self, facts: Capabilities) -> None:
        spellings = [alias for alias, _ in facts.sampler_aliases]

        assert len(set(spellings)) == len(spellings)
        assert not set(spellings) & set(facts.samplers)
        assert {name for _, name in facts.sampler_aliases} <= set(facts.samplers)


def _needs_exact(facts: Capabilities) -> None:
    if facts.seed is not SeedGrade.EXACT:
        pytest.skip("the engine does not promise the same pixels")


def _size_of(pixels: Pixels) -> Size:
    return Size(pixels.shape[1], pixels.shape[0])


def _all_differ(pictures: list[Pixels]) -> bool:
    return all(digest_pixels(one) != digest_pixels(other) for one, other in combinations(pictures, 2))


def _with_fewest_steps(recipe: Recipe, facts: Capabilities) -> Recipe:
    return recipe if facts.steps is None else replace(recipe, steps=facts.steps.lowest)


def _edge_sizes(rule: SizeRule) -> tuple[Size, ...]:
    """The smallest size, and the longest legal side with the shortest, both ways; or the listed ends."""
    if rule.listed:
        return rule.listed[0], rule.listed[-1]
    short = -(-rule.smallest // rule.multiple) * rule.multiple
    long = min(rule.largest, rule.most_pixels // short) // rule.multiple * rule.multiple
    return Size(short, short), Size(long, short), Size(short, long)


def _identity_or_refusal(subject: Subject) -> ModelIdentity | None:
    try:
        return subject.open(EngineOptions()).identify()
    except ModelUnavailable:
        return None
