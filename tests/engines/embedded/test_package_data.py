"""The weights travel: a wheel built from this tree holds every file that every version names."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from renderlock.engines.embedded.weights import SHIPPED, list_versions, open_version
from renderlock.engines.files import FreshHashes

wheel = pytest.importorskip("hatchling.builders.wheel", reason="building a wheel needs the build backend, hatchling")

ROOT = Path(__file__).parents[3]
MOST_BYTES = 25 * 10**6


def test_a_wheel_holds_every_version_s_files_byte_for_byte(tmp_path: Path) -> None:
    (built,) = wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])

    with zipfile.ZipFile(built) as archive:
        archive.extractall(tmp_path / "installed")
    installed = tmp_path / "installed" / SHIPPED.relative_to(ROOT / "src")
    for revision in list_versions(SHIPPED):
        here, there = open_version(revision, SHIPPED), open_version(revision, installed)
        assert there.identify(FreshHashes()) == here.identify(FreshHashes())


def test_all_that_ships_is_named_by_a_version_and_each_version_is_small() -> None:
    named = set()
    for revision in list_versions(SHIPPED):
        files = {path for path, _ in open_version(revision, SHIPPED).identify(FreshHashes()).files}
        assert sum((SHIPPED / path).stat().st_size for path in files) <= MOST_BYTES
        named |= files

    assert {path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*") if path.is_file()} == named
