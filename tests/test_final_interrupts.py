"""Killed at any moment, a tiled final goes on with the tiles it has, and comes out as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from tests.cli.calls import RENDERLOCK, call, call_json

from renderlock.store.maintenance import check
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

PIPELINE = """\
final_model: embedded
assets: [{name: apple, prompt: a red apple}]
steps: [{name: final, model: "${final_model}", size: 300, tiles: 9, num_inference_steps: 2}]
"""


def tiles_of(folder: Path) -> dict[str, RenderRecord]:
    """The tiles a store holds, by address, once it was checked byte for byte."""
    with Store.open(folder / ".renderlock") as store:
        report = check(store)
        assert report.sound, report.findings
        records = [record for record in store.records() if record.recipe and record.recipe.window]
    return {str(record.address): record for record in records}


def kill_after(folder: Path, tiles: int) -> None:
    """Starts a run and kills it as soon as the store holds so many tiles more."""
    before = len(list((folder / ".renderlock" / "renders").glob("*/*.json")))
    run = subprocess.Popen([*RENDERLOCK, "run", "-j", "1", "--no-reports"], cwd=folder, stderr=subprocess.DEVNULL)
    while run.poll() is None:
        if len(list((folder / ".renderlock" / "renders").glob("*/*.json"))) >= before + tiles:
            run.send_signal(signal.SIGKILL)
        time.sleep(0.005)


def test_a_final_that_was_killed_thrice_keeps_its_tiles_and_comes_out_the_same(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for folder in (killed, whole):
        folder.mkdir()
        (folder / "pipeline.yml").write_text(PIPELINE)
        assert call(folder, "lock").returncode == 0
    (expected,) = call_json(whole, "run", "--json", "--no-reports")["pictures"]

    kept: dict[str, RenderRecord] = {}
    for _ in range(3):
        kill_after(killed, 2)
        found = tiles_of(killed)
        assert kept.items() <= found.items()
        kept = found
    (final,) = call_json(killed, "run", "--json", "--no-reports")["pictures"]

    assert 0 < len(kept) < 9
    assert kept.items() <= tiles_of(killed).items()
    assert len(tiles_of(killed)) == 9
    assert final["address"] == expected["address"]
