"""Both versions of the embedded engine keep the engine contract."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engines.contract import EngineContract, Subject

from renderlock.engines.embedded.engine import EmbeddedEngine
from renderlock.engines.embedded.weights import SHIPPED, open_version
from renderlock.spec.recipe import Size


def subject_of(revision: str, folder: Path) -> Subject:
    weights = Path(shutil.copytree(SHIPPED, folder / "weights"))
    decoder = weights / revision / open_version(revision, weights).files["decoder"][0]

    def change_a_file() -> Callable[[], None]:
        before = decoder.read_bytes()
        decoder.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        return lambda: _rewrite(decoder, before)

    return Subject(
        open=lambda options: EmbeddedEngine(open_version(revision, weights), options),
        prompt="red apple",
        other_prompt="blue car",
        size=Size(64, 96),
        unwanted="green leaf",
        change_a_file=change_a_file,
    )


def _rewrite(path: Path, data: bytes) -> None:
    path.write_bytes(data)


class TestNewestVersion(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        return subject_of("v2", tmp_path_factory.mktemp("v2"))


class TestEarlierVersion(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        return subject_of("v1", tmp_path_factory.mktemp("v1"))
