"""Making one picture: whatever an engine does, it costs that picture at most, and the error has a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.actions.runs import execute, run_of

from renderlock.actions.campaign import RunOptions
from renderlock.actions.jobs import Selection
from renderlock.actions.models import Models
from renderlock.actions.run import RunResult
from renderlock.engines.base import Engine, Render, Watch
from renderlock.engines.capabilities import Capabilities
from renderlock.errors import EngineFailed
from renderlock.imaging.pixels import Pixels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Recipe

QUICK = RunOptions(Selection(steps=frozenset({"quick-pass"})), workers=1)


class FailsForApples:
    """The embedded engine, but for one prompt."""

    def __init__(self, engine: Engine, error: BaseException) -> None:
        self._engine, self._error = engine, error

    @property
    def capabilities(self) -> Capabilities:
        return self._engine.capabilities

    def identify(self) -> ModelIdentity:
        return self._engine.identify()

    def environment(self) -> tuple[tuple[str, str], ...]:
        return self._engine.environment()

    def render(self, recipe: Recipe, init: Pixels | None, watch: Watch) -> Render:
        if "apple" in recipe.prompt:
            raise self._error
        return self._engine.render(recipe, init, watch)

    def close(self) -> None:
        self._engine.close()


class FailingModels(Models):
    """Models whose engines fail for apples."""

    error: BaseException

    def engine(self, reference: str) -> Engine:
        return FailsForApples(super().engine(reference), self.error)


def run_failing(path: Path, raised: BaseException) -> RunResult:
    """A run whose engine raises for apples, in this process."""
    with run_of(path, QUICK) as run:
        models = FailingModels(run.planner.models.options)
        models.error = raised
        run.planner = replace(run.planner, models=models)
        return run.execute()


def test_an_engine_that_gives_up_costs_its_own_pictures_only(locked: Path) -> None:
    result = run_failing(locked, SystemExit(0))

    assert (result.count("rendered"), result.count("failed")) == (2, 2)
    assert {(type(error), error.exit_code) for error in result.errors} == {(EngineFailed, 4)}


def test_a_render_that_memory_was_refused_for_comes_out_of_a_process_of_its_own(locked: Path) -> None:
    expected = {picture.record.pixels for picture in execute(locked, QUICK).pictures if picture.record}
    locked.write_text(locked.read_text().replace("project: campaign", "project: campaign\nstore: other"))

    result = run_failing(locked, MemoryError())

    assert result.count("rendered") == 4
    assert {picture.record.pixels for picture in result.pictures if picture.record} == expected
