"""Finals from the command line: the plan before, the story's two commands, and what `show` tells after."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from tests.cli.calls import call, call_json

from renderlock.testing import serve

PIPELINE = """\
final_model: embedded
assets: [{name: apple, prompt: a red apple}]
steps: [{name: final, model: "${final_model}", size: 200x136, num_inference_steps: 2, memory_budget: 1GiB}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A locked project whose only step is a final from tiles."""
    (tmp_path / "pipeline.yml").write_text(PIPELINE.replace(", memory_budget: 1GiB", ""))
    assert call(tmp_path, "lock").returncode == 0
    return tmp_path


def test_a_dry_run_shows_tiles_overlap_memory_and_rungs(project: Path) -> None:
    shown = call(project, "run", "--dry-run")
    (step,) = call_json(project, "run", "--dry-run", "--json")["steps"]

    plan = step["pictures"][0]["plan"]
    assert "2x2 tiles of at most 128x96, 24 px of overlap" in shown.stdout
    assert "if memory does not suffice: unload" in shown.stdout
    assert [link["what"] for link in plan["links"]] == ["draw", "tiles"]
    assert plan["memory_bytes"] > 50 * 2**20
    assert step["missing"] == 1


def test_a_run_delivers_the_final_and_show_tells_base_tiles_and_gates(project: Path) -> None:
    (picture,) = call_json(project, "run", "--json", "--no-reports")["pictures"]

    shown = call(project, "show", picture["address"]).stdout

    assert {verdict["gate"] for verdict in picture["verdicts"]} == {"seam", "overlap", "composition"}
    assert "source       base: rl-" in shown
    assert "source       tiles: rl-" in shown
    assert "verdict      seam: passed" in shown
    (after,) = call_json(project, "run", "--dry-run", "--json")["steps"]
    assert (after["missing"], after["there"]) == (0, 1)


def test_the_story_s_two_commands_give_the_final(tmp_path: Path) -> None:
    words = ("--tiles", "4", "--model", "embedded", "--size", "160", "--steps", "2", "--out", "tiles/", "--no-progress")

    tiles = call(tmp_path, "tile", "--prompt", "hero shot, studio lighting", *words)
    merged = call(tmp_path, "merge", "--input", "tiles/*.png", "--output", "final.png")

    assert (tiles.returncode, merged.returncode) == (0, 0), tiles.stderr + merged.stderr
    assert len(tiles.stdout.split()) == 4
    with Image.open(tmp_path / "final.png") as picture:
        assert picture.size == (160, 160)


def test_the_story_s_two_commands_work_with_the_story_s_model(tmp_path: Path) -> None:
    words = ("--tiles", "4", "--model", "imagen-4-generate", "--size", "2048", "--out", "tiles/", "--no-progress")
    with serve("imagen", pictures="sketch") as server:
        here = {"GEMINI_API_KEY": server.key, "RENDERLOCK_URL_IMAGEN": server.url, "RENDERLOCK_ALLOW_RETIRED": "1"}
        tiles = call(tmp_path, "tile", "--prompt", "hero shot, studio lighting", *words, **here)
    merged = call(tmp_path, "merge", "--input", "tiles/*.png", "--output", "final.png")

    assert (tiles.returncode, merged.returncode) == (0, 0), tiles.stderr + merged.stderr
    assert "deviation: tiles: asked 4, each drawn over its part of a base" in tiles.stderr
    with Image.open(tmp_path / "final.png") as picture:
        assert picture.size == (2048, 2048)


def test_tiles_the_model_does_not_render_are_refused_with_how_many_it_takes(tmp_path: Path) -> None:
    refused = call(tmp_path, "tile", "--prompt", "x", "--tiles", "1", "--model", "embedded", "--size", "2048")

    assert refused.returncode == 2
    assert "takes 5 columns or more, not 1" in refused.stderr


def test_a_gate_that_refuses_is_told_and_ends_with_code_1(project: Path) -> None:
    path = project / "pipeline.yml"
    path.write_text(path.read_text() + "gates: {composition: {kept: 1.5}}\n")

    done = call(project, "run", "--no-reports", "--no-progress")

    assert done.returncode == 1
    assert "gate composition: apple seed 0" in done.stdout
