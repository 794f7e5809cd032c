"""The shipped weights, an engine over them for the whole session, and recipes made the way users make them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from renderlock.engines.base import EngineOptions
from renderlock.engines.embedded.engine import EmbeddedEngine
from renderlock.engines.embedded.weights import SHIPPED, Version, open_version
from renderlock.engines.resolve import Request, resolve
from renderlock.spec.recipe import Recipe


@pytest.fixture(scope="session")
def newest() -> Version:
    return open_version("", SHIPPED)


@pytest.fixture(scope="session")
def engine(newest: Version) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(newest, EngineOptions())
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def recipe_of(engine: EmbeddedEngine) -> Callable[[Request], Recipe]:
    identity = engine.identify()
    return lambda request: resolve(request, identity, engine.capabilities, "refuse").recipe


@pytest.fixture
def copied_weights(tmp_path: Path) -> Path:
    """A copy of the shipped weights that a test may damage."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "weights"))
