"""A steward over the embedded model, with its worker kept for a whole module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renderlock.actions.memory.history import Recalled
from renderlock.actions.memory.steward import Steward
from renderlock.actions.models import Models
from renderlock.engines.base import EngineOptions


@pytest.fixture(scope="module")
def models() -> Iterator[Models]:
    with Models(EngineOptions()) as opened:
        yield opened


@pytest.fixture(scope="module")
def steward(models: Models) -> Iterator[Steward]:
    kept = Steward(models, Recalled())
    yield kept
    kept.close()
