"""Previews of a run: a file a picture, replaced as it forms, and refused where a model shows none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.actions.runs import run_of

from renderlock.actions.campaign import RunOptions
from renderlock.actions.jobs import Selection
from renderlock.actions.previews import show_previews
from renderlock.engines.capabilities import Capabilities
from renderlock.errors import NotCapable

QUICK = RunOptions(Selection(steps=frozenset({"quick-pass"}), assets=frozenset({"apple"})))


def test_each_picture_has_a_preview_of_its_size_that_is_not_noise(locked: Path, tmp_path: Path) -> None:
    with run_of(locked, QUICK) as run:
        show_previews(run, tmp_path / "previews")
        run.execute()
    files = sorted(path.name for path in (tmp_path / "previews").iterdir())
    assert files == ["quick-pass-apple-0.preview.png", "quick-pass-apple-1.preview.png"]
    with Image.open(tmp_path / "previews" / files[0]) as preview:
        pixels = np.asarray(preview, np.int16)
    assert pixels.shape == (64, 64, 3)
    assert np.abs(np.diff(pixels, axis=0)).mean() < 40


def test_a_picture_that_is_there_needs_no_preview(locked: Path, tmp_path: Path) -> None:
    with run_of(locked, QUICK) as run:
        run.execute()
    with run_of(locked, QUICK) as run:
        show_previews(run, tmp_path / "previews")
        run.execute()
    assert not (tmp_path / "previews").exists()


class Blind:
    """The embedded engine's facts, but without previews."""

    def __init__(self, facts: Capabilities) -> None:
        self.capabilities = replace(facts, previews=False)

    def close(self) -> None:
        """Holds nothing."""


def test_a_model_that_shows_none_is_refused(locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_of(locked, QUICK) as run:
        blind = Blind(run.planner.models.engine("embedded").capabilities)
        monkeypatch.setitem(run.planner.models._engines, "embedded", blind)
        with pytest.raises(NotCapable, match="previews"):
            show_previews(run, tmp_path / "previews")
