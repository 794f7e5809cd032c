"""A locked project with an approval gate and a final that takes tiles, small enough to be quick."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.actions.runs import execute

from renderlock.actions.campaign import RunOptions
from renderlock.actions.jobs import Selection
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.review import Signature, decide
from renderlock.actions.run import RunResult
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

PIPELINE = """\
project: finals
review_model: embedded
final_model: embedded
seeds: [3]
assets:
  - {name: apple, prompt: a red apple}
steps:
  - {name: quick-pass, model: "${review_model}", size: 128, num_inference_steps: 3, gate: approval}
  - {name: final-render, model: "${final_model}", size: 200x200, num_inference_steps: 2}
"""

WriteFinal = Callable[[str], Path]


@pytest.fixture
def write_final(tmp_path: Path) -> WriteFinal:
    """Writes and locks a pipeline whose final step has these keys in place of its size."""

    def write(keys: str) -> Path:
        path = tmp_path / "pipeline.yml"
        path.write_text(PIPELINE.replace("size: 200x200", keys))
        with Models(EngineOptions()) as models:
            lock_pipeline(read_pipeline(Place(path)), models)
        return path

    return write


FINAL = RunOptions(Selection(steps=frozenset({"final-render"})), workers=1)


def final_of(result: RunResult) -> RenderRecord:
    """The one delivered picture of a run."""
    (picture,) = result.pictures
    assert picture.record is not None, picture.error
    return picture.record


def approve_all(path: Path, store: str = ".renderlock") -> list[RenderRecord]:
    """Renders the gate's step and approves all of its pictures."""
    result = execute(path, RunOptions(Selection(steps=frozenset({"quick-pass"}))))
    records = [picture.record for picture in result.pictures if picture.record]
    with Store.open(path.parent / store) as opened:
        for record in records:
            decide(opened, record.address, "approve", Signature("tester", datetime.now(UTC)), "")
    return records
