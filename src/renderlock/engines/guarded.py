"""A third party's engine behind a guard: what it breaks is told as its fault, with the package's name.

An error that is neither ours nor the watch's becomes `EngineBroken`, and so does a picture that is not 8-bit RGB(A),
before either can reach the store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from renderlock.engines.base import Engine, EngineFactory, EngineOptions, Preview, PreviewWatch, Render, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.engines.memory_facts import MemoryFacts, MemoryParts
from renderlock.errors import EngineBroken, RenderlockError
from renderlock.imaging.pixels import Pixels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe

Given = TypeVar("Given")

MEMBERS = ("capabilities", "identify", "environment", "render", "close")
"""What an engine must have; `engines.base.Engine` says what each does."""


@dataclass(frozen=True)
class Origin:
    """An engine's name and the package that brought it."""

    name: str
    package: str

    def broken(self, reason: object) -> EngineBroken:
        """The error that names both."""
        return EngineBroken(name=self.name, package=self.package, reason=reason)


def open_guarded(factory: EngineFactory, model: str, options: EngineOptions, origin: Origin) -> Engine:
    """The engine that a third party's factory gives, behind a guard; raises `EngineBroken` where it gives none."""
    engine = _guard(lambda: factory(model, options), origin)
    missing = [name for name in MEMBERS if not _has(engine, name)]
    if missing:
        raise origin.broken(f"its factory gave a {type(engine).__name__} without {', '.join(missing)}")
    return GuardedMemory(engine, engine, origin) if isinstance(engine, MemoryFacts) else GuardedEngine(engine, origin)


class GuardedEngine:
    """An engine whose every answer is checked for what can be checked without a reference picture."""

    def __init__(self, engine: Engine, origin: Origin) -> None:
        self._engine = engine
        self._origin = origin

    @property
    def capabilities(self) -> Capabilities:
        """The facts of the engine's model."""
        return self._of_type(Capabilities, lambda: self._engine.capabilities)

    def identify(self) -> ModelIdentity:
        """The engine's model."""
        return self._of_type(ModelIdentity, self._engine.identify)

    def environment(self) -> tuple[tuple[str, str], ...]:
        """What on this machine may change the engine's pixels."""
        return _guard(self._engine.environment, self._origin)

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        """One picture; what `watch` raises passes through as it is."""
        passing = _passing(watch)
        try:
            render = self._engine.render(recipe, init, passing)
        except RenderlockError:
            raise
        except Exception as error:
            if error is passing.raised:
                raise
            raise self._origin.broken(f"render raised {error!r}") from error
        if not isinstance(render, Render):
            raise self._origin.broken(f"render gave a {type(render).__name__}")
        _check_pixels(render.pixels, self._origin)
        return render

    def close(self) -> None:
        """Lets go of the engine's weights."""
        _guard(self._engine.close, self._origin)

    def _of_type(self, wanted: type[Given], ask: Callable[[], Given]) -> Given:
        answer = _guard(ask, self._origin)
        if not isinstance(answer, wanted):
            raise self._origin.broken(f"it gave a {type(answer).__name__} in place of a {wanted.__name__}")
        return answer


class GuardedMemory(GuardedEngine):
    """A guarded engine that knows its memory."""

    def __init__(self, engine: Engine, facts: MemoryFacts, origin: Origin) -> None:
        super().__init__(engine, origin)
        self._facts = facts

    def device(self) -> Literal["cpu", "cuda", "mps"]:
        """Where renders take their memory."""
        return _guard(self._facts.device, self._origin)

    def device_peak(self) -> int | None:
        """The most that the last render took of an accelerator."""
        return _guard(self._facts.device_peak, self._origin)

    def prepare(self) -> None:
        """Imports what a render needs."""
        _guard(self._facts.prepare, self._origin)

    def memory(self, recipe: Recipe, levers: Collection[str]) -> MemoryParts:
        """What a recipe needs."""
        return self._of_type(MemoryParts, lambda: self._facts.memory(recipe, levers))

    def use_levers(self, levers: Collection[str]) -> None:
        """Makes later renders use exactly these levers."""
        _guard(lambda: self._facts.use_levers(levers), self._origin)


class _PassingWatch:
    """Hands each step on, and remembers what the watch raised."""

    def __init__(self, watch: Watch) -> None:
        self.raised: Exception | None = None
        self._watch = watch

    def on_step(self, done: int, steps: int) -> None:
        try:
            self._watch.on_step(done, steps)
        except Exception as error:
            self.raised = error
            raise


class _PassingPreviews(_PassingWatch):
    """Hands each preview on too."""

    def __init__(self, watch: PreviewWatch) -> None:
        super().__init__(watch)
        self._previews = watch

    def on_preview(self, preview: Preview) -> None:
        try:
            self._previews.on_preview(preview)
        except Exception as error:
            self.raised = error
            raise


def _passing(watch: Watch) -> _PassingWatch:
    return _PassingPreviews(watch) if isinstance(watch, PreviewWatch) else _PassingWatch(watch)


def _guard(ask: Callable[[], Given], origin: Origin) -> Given:
    try:
        return ask()
    except RenderlockError:
        raise
    except Exception as error:
        raise origin.broken(repr(error)) from error


def _has(engine: object, name: str) -> bool:
    # Looked up on the class: a property must not run yet, and an attribute of the instance may stand in for it.
    return hasattr(type(engine), name) or name in getattr(engine, "__dict__", {})


def _check_pixels(pixels: object, origin: Origin) -> None:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3:
        raise origin.broken("its pixels are not a height x width x channels array of 8-bit numbers")
    if pixels.shape[2] not in {3, 4} or 0 in pixels.shape:
        raise origin.broken(f"its pixels have the shape {'x'.join(map(str, pixels.shape))}, not RGB or RGBA")
