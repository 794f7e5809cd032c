"""Writing a pipeline.yml and reading what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from renderlock.errors import ConfigurationError, Problem
from renderlock.spec.pipeline_file import load_pipeline


@pytest.fixture
def write_pipeline(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a text as pipeline.yml of a folder named `campaign`."""
    folder = tmp_path / "campaign"
    folder.mkdir()

    def write(text: str) -> Path:
        path = folder / "pipeline.yml"
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


@pytest.fixture
def problems_of(write_pipeline: Callable[[str], Path]) -> Callable[[str], Sequence[Problem]]:
    """The problems of a text as pipeline.yml; fails where it has none."""

    def problems(text: str) -> Sequence[Problem]:
        with pytest.raises(ConfigurationError) as caught:
            load_pipeline(write_pipeline(text))
        return caught.value.problems

    return problems
