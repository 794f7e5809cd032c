"""The demo's project and the starter: they parse, lock and run as they are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from tests.actions.runs import execute

from renderlock.actions.campaign import RunOptions
from renderlock.actions.demo import run_demo
from renderlock.actions.jobs import Selection
from renderlock.actions.project import project_text, write_project
from renderlock.actions.run import RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.errors import WouldOverwrite


def quick_text() -> bytes:
    """The campaign, so small that a test can run it."""
    text = project_text("campaign").decode()
    text = text.replace("size: 256", "size: 64\n    num_inference_steps: 2").replace("count: 6", "[1, 5]", 1)
    text = text.replace("{start: 0, [1, 5]}", "[1, 5]")
    return text.replace("size: 1024", "size: 128\n    num_inference_steps: 2\n    tiles: 4").encode()


def form_of(file: Path) -> tuple[tuple[int, int], str]:
    """Size and mode of a picture file."""
    with Image.open(file) as picture:
        return picture.size, picture.mode


@pytest.fixture
def quick_campaign(tmp_path: Path) -> Path:
    """The small campaign in a folder."""
    folder = tmp_path / "demo"
    write_project(folder, "campaign", quick_text())
    return folder


def test_the_campaign_has_a_product_a_character_an_icon_set_and_a_scene(tmp_path: Path) -> None:
    pipeline = read_pipeline(Place(write_project(tmp_path, "campaign")))
    assert [asset.name for asset in pipeline.assets] == ["product", "character", "icon-set", "scene-with-caption"]
    assert {step.name: step.gate for step in pipeline.steps} == {"quick-pass": "approval", "final-render": None}


def test_the_starter_parses(tmp_path: Path) -> None:
    assert len(read_pipeline(Place(write_project(tmp_path, "starter"))).assets) == 2


def test_a_pipeline_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text("mine")
    for template in ("starter", "campaign"):
        with pytest.raises(WouldOverwrite):
            write_project(tmp_path, template)
    with pytest.raises(WouldOverwrite):
        run_demo(tmp_path, EngineOptions(), workers=1, watch=RunUnwatched())
    assert (tmp_path / "pipeline.yml").read_text() == "mine"


def test_a_gitignore_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine")
    write_project(tmp_path, "starter")
    assert (tmp_path / ".gitignore").read_text() == "mine"


def test_the_campaign_waits_for_approval_after_its_quick_passes(quick_campaign: Path) -> None:
    execute(quick_campaign / "pipeline.yml", RunOptions(Selection(steps=frozenset({"quick-pass"})), rehearse=True))
    again = execute(quick_campaign / "pipeline.yml", RunOptions(rehearse=True))
    assert (again.count("cached"), again.count("rendered"), len(again.held)) == (8, 0, 4)


def test_the_demo_ends_with_finals_from_tiles_judged_enlarged_and_composed(tmp_path: Path) -> None:
    demo = run_demo(tmp_path, EngineOptions(), workers=1, watch=RunUnwatched(), campaign=quick_text())

    finals = {picture.job.asset.name: picture for picture in demo.finals.result.pictures}
    assert set(finals) == {"icon-set", "scene-with-caption"}
    gates = {verdict.gate for verdict in finals["scene-with-caption"].verdicts}
    assert gates == {"seam", "overlap", "composition", "upscaler", "text"}
    assert {file.name.split("-")[0]: form_of(file) for file in demo.files} == {
        "icon": ((256, 256), "P"),
        "scene": ((256, 256), "RGB"),
    }
    assert demo.second.result.count("rendered") == 0


def test_a_demo_that_is_there_is_gone_on_with_and_renders_nothing(tmp_path: Path) -> None:
    run_demo(tmp_path, EngineOptions(), workers=1, watch=RunUnwatched(), campaign=quick_text())

    again = run_demo(tmp_path, EngineOptions(), workers=1, watch=RunUnwatched(), campaign=quick_text())

    assert [timed.result.count("rendered") for timed in (again.first, again.second, again.finals)] == [0, 0, 0]
