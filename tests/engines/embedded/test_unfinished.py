"""Renders that ran out of memory: the next attempt goes on at the evaluation that failed, to the same pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.embedded.cells import Latent, Place
from renderlock.engines.embedded.engine import EmbeddedEngine
from renderlock.engines.embedded.model import Conditioning, Model
from renderlock.engines.embedded.unfinished import MOST_UNFINISHED, Answers, Unfinished
from renderlock.engines.embedded.weights import Version
from renderlock.engines.resolve import Request
from renderlock.errors import OutOfMemory
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.recipe import Recipe, Size


class FailingModel(Model):
    """Counts evaluations and decodings, and has one of each refused once."""

    def __init__(self, version: Version, *, evaluation: int = 0, decoding: int = 0) -> None:
        super().__init__(version, threads=1)
        self.evaluations = self.decodings = 0
        self._refused = (evaluation, decoding)

    def velocity(self, latent: Latent, time: float, conditioning: Conditioning, places: Sequence[Place]) -> Latent:
        self.evaluations += 1
        if self.evaluations == self._refused[0]:
            raise MemoryError
        return super().velocity(latent, time, conditioning, places)

    def decode(self, latent: Latent) -> Pixels:
        self.decodings += 1
        if self.decodings == self._refused[1]:
            raise MemoryError
        return super().decode(latent)


def engine_over(model: FailingModel, newest: Version) -> EmbeddedEngine:
    engine = EmbeddedEngine(newest, EngineOptions())
    engine.use_model(model)
    return engine


@pytest.mark.parametrize(("evaluation", "decoding"), [(1, 0), (3, 0), (0, 1)])
def test_the_next_attempt_evaluates_only_what_was_not_answered(
    newest: Version, engine: EmbeddedEngine, recipe_of: Callable[[Request], Recipe], evaluation: int, decoding: int
) -> None:
    recipe = recipe_of(Request("a red apple", 3, size=Size(64, 64), steps=4))
    failing = FailingModel(newest, evaluation=evaluation, decoding=decoding)
    broken = engine_over(failing, newest)

    with pytest.raises(OutOfMemory):
        broken.render(recipe, None, Unwatched())
    again = broken.render(recipe, None, Unwatched())

    assert digest_pixels(again.pixels) == digest_pixels(engine.render(recipe, None, Unwatched()).pixels)
    assert failing.evaluations == 4 + (1 if evaluation else 0)
    assert failing.decodings == 1 + (1 if decoding else 0)


def test_nothing_is_kept_of_a_picture_that_came_out(newest: Version, recipe_of: Callable[[Request], Recipe]) -> None:
    recipe = recipe_of(Request("a red apple", 3, size=Size(64, 64), steps=2))
    counting = FailingModel(newest)
    engine = engine_over(counting, newest)

    for _ in range(2):
        engine.render(recipe, None, Unwatched())

    assert counting.evaluations == 4


def test_the_oldest_of_too_many_unfinished_pictures_is_forgotten() -> None:
    unfinished = Unfinished()
    for number in range(MOST_UNFINISHED + 1):
        answers = Answers()
        answers.ask(lambda number=number: np.full(1, number, np.float32))  # type: ignore[misc]  # bound by default
        unfinished.keep(str(number), answers)

    asked = [unfinished.take(str(number)).ask(lambda: np.full(1, -1, np.float32)) for number in (0, 1)]

    assert [float(answer[0]) for answer in asked] == [-1, 1]
