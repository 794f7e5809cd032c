"""Replaying a final's parts: tiles over their base, the merge of tiles, enlargements."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.actions.finals.conftest import FINAL, WriteFinal, approve_all, final_of
from tests.actions.runs import execute

from renderlock.actions.models import Models
from renderlock.actions.replay import Replay, replay
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.errors import NotReplayable
from renderlock.store.store import Store


def replayed(path: Path, address: str) -> Replay:
    with Store.open(path.parent / ".renderlock") as store, Models(EngineOptions()) as models:
        return replay(store, models, address, reference=None, watch=Unwatched())


def test_a_merged_final_and_each_kind_of_its_tiles_come_out_the_same(write_final: WriteFinal) -> None:
    path = write_final("size: 200x136")
    approve_all(path)
    final = final_of(execute(path, FINAL))
    lineage = dict(final.source)

    found = [replayed(path, address) for address in (final.address, lineage["base"], *lineage["tiles"].split()[:2])]

    assert {one.level.verdict for one in found} == {"exact"}


def test_an_enlarged_picture_comes_out_the_same(write_final: WriteFinal) -> None:
    path = write_final("size: 96, upscale: 2")
    approve_all(path)

    found = replayed(path, final_of(execute(path, FINAL)).address)

    assert found.level.verdict == "exact"
    assert found.same_environment


def test_a_composed_picture_is_refused_with_the_reason(write_final: WriteFinal) -> None:
    path = write_final("size: 96, palette: two.hex")
    (path.parent / "two.hex").write_text("ff0000\nffffff\n")
    approve_all(path)
    final = final_of(execute(path, FINAL))

    with pytest.raises(NotReplayable, match="files of the project"):
        replayed(path, final.address)
