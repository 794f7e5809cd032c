"""A locked project and its store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.store.store import Store


@pytest.fixture
def locked(pipeline_path: Path) -> Path:
    """The project's pipeline.yml, locked."""
    with Models(EngineOptions()) as models:
        lock_pipeline(read_pipeline(Place(pipeline_path)), models)
    return pipeline_path


@pytest.fixture
def store(locked: Path) -> Iterator[Store]:
    """The store of the locked project."""
    with Store.create(read_pipeline(Place(locked)).store) as opened:
        yield opened
