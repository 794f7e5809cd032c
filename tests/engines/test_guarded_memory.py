"""A third party's engine that knows its memory is asked through the guard."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import pytest

from renderlock.engines.base import EngineOptions
from renderlock.engines.embedded.engine import EmbeddedEngine, open_model
from renderlock.engines.guarded import Origin, open_guarded
from renderlock.engines.memory_facts import MemoryFacts, MemoryParts
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import EngineBroken
from renderlock.spec.recipe import Recipe

ORIGIN = Origin("theirs", "their-package")


class WithoutMemory:
    """Only what the engine contract asks for."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        for name in ("capabilities", "identify", "environment", "render", "close"):
            setattr(self, name, getattr(engine, name))


class Wrong(EmbeddedEngine):
    """Answers in another type."""

    def memory(self, recipe: Recipe, levers: Collection[str]) -> MemoryParts:
        return 12  # type: ignore[return-value]  # that is what is wrong

    def device(self) -> Literal["cpu"]:
        raise OSError("no device")


def recipe_of(engine: EmbeddedEngine) -> Recipe:
    return resolve(Request("a hat", 1), engine.identify(), engine.capabilities, "refuse").recipe


def test_what_it_says_of_its_memory_comes_through() -> None:
    plain = open_model("", EngineOptions())

    guarded = open_guarded(open_model, "", EngineOptions(), ORIGIN)

    assert isinstance(guarded, MemoryFacts)
    assert guarded.memory(recipe_of(plain), ()) == plain.memory(recipe_of(plain), ())
    assert guarded.device() == "cpu"


def test_one_that_says_nothing_is_not_asked() -> None:
    guarded = open_guarded(
        lambda model, options: WithoutMemory(open_model(model, options)),  # type: ignore[arg-type]  # less than an engine
        "",
        EngineOptions(),
        ORIGIN,
    )

    assert not isinstance(guarded, MemoryFacts)


def test_a_wrong_answer_is_told_as_its_fault() -> None:
    plain = open_model("", EngineOptions())
    guarded = open_guarded(
        lambda model, options: Wrong(plain._version, options),
        "",
        EngineOptions(),
        ORIGIN,
    )

    assert isinstance(guarded, MemoryFacts)
    with pytest.raises(EngineBroken, match="their-package"):
        guarded.memory(recipe_of(plain), ())
    with pytest.raises(EngineBroken, match="no device"):
        guarded.device()
