"""The demo's project and the starter: they parse, lock and run as they are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.actions.runs import execute

from renderlock.actions.campaign import RunOptions
from renderlock.actions.demo import run_demo
from renderlock.actions.plan import Selection
from renderlock.actions.project import write_project
from renderlock.actions.run import RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.errors import WouldOverwrite


@pytest.fixture
def quick_campaign(tmp_path: Path) -> Path:
    """The campaign in a folder, so small that a test can run it."""
    folder = tmp_path / "demo"
    path = write_project(folder, "campaign")
    text = path.read_text().replace("size: 256", "size: 64\n    num_inference_steps: 2").replace("count: 6", "count: 2")
    path.write_text(text)
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
