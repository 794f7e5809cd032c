"""Choices written into a person's pipeline file, with everything else as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.actions.upscale_choice import write_choices
from renderlock.errors import ConfigurationError, InputUnusable
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.roles import Role

HEAD = """\
# The autumn campaign.
project: campaign
review_model: embedded   # quick
"""
TAIL = """\
assets:
  - {name: apple, prompt: a red apple}
steps:
  - {name: quick-pass, model: "${review_model}", size: 64}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pipeline.yml"


def test_keys_that_are_not_there_are_added_at_the_end(path: Path) -> None:
    path.write_text(HEAD + TAIL)
    write_choices(path, "waifu2x", {"sprite": "lanczos", "photo": "dat"})
    assert path.read_text() == HEAD + TAIL + "upscalers: {photo: dat, sprite: lanczos}\nupscaler: waifu2x\n"


def test_keys_that_are_there_are_replaced_in_place(path: Path) -> None:
    written = "upscaler: lanczos  # for now\nupscalers:\n  photo: span\n  text: lanczos\n\n# What is made.\n"
    path.write_text(HEAD + written + TAIL)
    write_choices(path, "waifu2x", {"photo": "dat"})
    expected = "upscaler: waifu2x  # for now\nupscalers: {photo: dat}\n\n# What is made.\n"
    assert path.read_text() == HEAD + expected + TAIL


def test_a_map_on_one_line_is_replaced_whole(path: Path) -> None:
    path.write_text(HEAD + "upscalers: {photo: span, text: lanczos }  # by tag\n" + TAIL)
    write_choices(path, "dat", {"photo": "waifu2x:noise0"})
    assert "upscalers: {photo: waifu2x:noise0}  # by tag\n" in path.read_text()


def test_the_pipeline_reads_what_was_written(path: Path) -> None:
    path.write_text(HEAD + TAIL)
    write_choices(path, "waifu2x", {"a photo": "spandrel:/models/my model.safetensors"})
    pipeline = load_pipeline(path)
    assert pipeline.models[Role.UPSCALER] == "waifu2x"
    assert pipeline.upscalers == {"a photo": "spandrel:/models/my model.safetensors"}


def test_without_classes_the_map_is_left_alone(path: Path) -> None:
    path.write_text(HEAD + "upscalers: {photo: span}\n" + TAIL)
    write_choices(path, "waifu2x", {})
    assert "upscalers: {photo: span}\n" in path.read_text()


@pytest.mark.parametrize("written", ["upscaler: &u lanczos\nvars: {again: *u}\n", "upscaler: |\n  lanczos\n"])
def test_a_value_that_cannot_be_replaced_safely_is_left_with_its_place(path: Path, written: str) -> None:
    path.write_text(HEAD + written + TAIL)
    with pytest.raises(ConfigurationError, match=r"pipeline\.yml:4"):
        write_choices(path, "waifu2x", {})
    assert path.read_text() == HEAD + written + TAIL


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(InputUnusable, match=r"pipeline\.yml"):
        write_choices(path, "waifu2x", {})
