"""Engines by name: ours, and those of an installed third-party package, working and broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.engines.contract import EngineContract, Recorder, StopWatch, Subject

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import OURS, list_engines, open_engine
from renderlock.errors import EngineBroken, UnknownName
from renderlock.spec.recipe import Size

EXAMPLE = Path(__file__).parents[1] / "third_party" / "renderlock-example-engine"
PACKAGE = "renderlock-example-engine"
RENDER = """
import json, sys
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import list_engines, open_engine
listed = {entry.name: entry.package for entry in list_engines()}
engine = open_engine("example-stripes:down", EngineOptions())
recipe = resolve(Request("a flag", 3), engine.identify(), engine.capabilities, "refuse").recipe
print(json.dumps({"listed": listed, "shape": engine.render(recipe, None, Unwatched()).pixels.shape}))
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed with pip into a folder of its own, without the network."""
    source = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("example") / "source")
    target = tmp_path_factory.mktemp("example") / "installed"
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    subprocess.run(pip, check=True, timeout=300, env={**os.environ, "PIP_NO_INPUT": "1"})
    return target


@pytest.fixture(scope="class")
def on_path(installed: Path) -> Iterator[None]:
    """The example package on the path of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(installed))
        yield
    for name in [name for name in sys.modules if name.startswith("renderlock_example_engine")]:
        del sys.modules[name]


def test_our_engines_are_listed_first() -> None:
    assert list_engines()[: len(OURS)] == OURS
    assert [entry.name for entry in OURS][:2] == ["embedded", "diffusers"]


@pytest.mark.parametrize("reference", ["embeded", "embeded:v1", "Embedded"])
def test_a_misspelt_engine_is_refused_with_the_nearest_name(reference: str) -> None:
    with pytest.raises(UnknownName) as caught:
        open_engine(reference, EngineOptions())

    assert "Did you mean embedded?" in caught.value.advice


@pytest.mark.parametrize("reference", ["", ":", "zzz:model"])
def test_a_name_that_resembles_none_is_refused_with_the_list(reference: str) -> None:
    with pytest.raises(UnknownName) as caught:
        open_engine(reference, EngineOptions())

    assert "Known: embedded, diffusers" in caught.value.advice
    assert "Did you mean" not in caught.value.advice


def test_an_installed_package_is_listed_opened_and_rendered_by_a_fresh_process(installed: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    done = subprocess.run(
        [sys.executable, "-c", RENDER], env=environment, capture_output=True, text=True, check=True, timeout=300
    )

    answer = json.loads(done.stdout)
    assert answer["listed"]["example-stripes"] == PACKAGE
    assert answer["listed"]["embedded"] == "renderlock"
    assert answer["shape"] == [128, 128, 3]


@pytest.mark.usefixtures("on_path")
class TestInstalledPackage:
    def test_it_is_listed_after_ours_with_its_package(self) -> None:
        theirs = list_engines()[len(OURS) :]

        assert {entry.package for entry in theirs} == {PACKAGE}
        assert [entry.name for entry in theirs] == sorted(entry.name for entry in theirs)
        assert version(PACKAGE) == "1.0.0"

    def test_it_cannot_take_one_of_our_names(self) -> None:
        assert [entry.package for entry in list_engines() if entry.name == "embedded"] == ["renderlock"]

    def test_what_it_says_of_a_model_it_does_not_have_is_kept(self) -> None:
        with pytest.raises(UnknownName, match="sideways"):
            open_engine("example-stripes:sideways", EngineOptions())

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("example-raises-at-import", "cannot be imported"),
            ("example-raises-when-opened", "ZeroDivisionError"),
            ("example-gives-no-engine", "a str without capabilities, identify"),
        ],
    )
    def test_one_that_cannot_be_opened_is_named_with_its_package(self, name: str, reason: str) -> None:
        with pytest.raises(EngineBroken, match=reason) as caught:
            open_engine(f"{name}:model", EngineOptions())

        assert name in str(caught.value)
        assert f"uninstall {PACKAGE}" in caught.value.advice

    @pytest.mark.parametrize(
        ("name", "reason"), [("example-raises-in-render", "the second half"), ("example-gives-floats", "8-bit")]
    )
    def test_one_that_breaks_while_rendering_is_named_with_its_package(self, name: str, reason: str) -> None:
        engine = open_engine(name, EngineOptions())
        recipe = resolve(Request("a flag", 3), engine.identify(), engine.capabilities, "refuse").recipe

        with pytest.raises(EngineBroken, match=reason) as caught:
            engine.render(recipe, None, Unwatched())

        assert PACKAGE in str(caught.value)

    def test_what_the_watch_raises_passes_a_broken_engines_guard(self) -> None:
        engine = open_engine("example-raises-in-render", EngineOptions())
        recipe = resolve(Request("a flag", 3), engine.identify(), engine.capabilities, "refuse").recipe

        with pytest.raises(StopWatch):
            engine.render(recipe, None, Recorder(stop_after=1))

    def test_two_packages_with_one_name_are_refused_with_both(
        self, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = tmp_path / "other_package-1.0.dist-info"
        other.mkdir()
        (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
        (other / "entry_points.txt").write_text("[renderlock.engines]\nexample-stripes = json:loads\n")
        monkeypatch.syspath_prepend(str(tmp_path))

        with pytest.raises(EngineBroken, match=f"other-package and {PACKAGE}"):
            open_engine("example-stripes", EngineOptions())


@pytest.mark.usefixtures("on_path")
class TestExampleKeepsTheContract(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, on_path: None) -> Subject:
        return Subject(
            open=lambda options: open_engine("example-stripes:across", options),
            prompt="a flag",
            other_prompt="another flag",
            size=Size(40, 24),
        )
