"""The boundary: whatever happens, one clear error, one JSON document, the documented exit code, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.calls import RENDERLOCK, call, call_json, call_process

from renderlock.store.maintenance import check
from renderlock.store.store import Store

WRONG = [
    ["run", "--nosuch-option", "--json"],
    ["nosuch-command", "--json"],
    ["run", "-j", "0", "--json"],
    ["run", "--file", "nowhere.yml", "--json"],
    ["run", "--file", ".", "--json"],
    ["run", "--seed", "-1", "--json"],
    ["run", "--seed", "9007199254740992", "--json"],
    ["show", "rl-zzzz", "--json"],
    ["variants", "--prompt", "x" * 100_000, "--json"],
    ["variants", "--prompt", "x", "--size", "9" * 5000, "--json"],
    ["variants", "--prompt", "x", "--size", "0", "--json"],
    ["variants", "--prompt", "x", "--size", "64x", "--json"],
    ["variants", "--prompt", "x", "--guidance-scale", "nan", "--json"],
    ["run", "--step", "quick-pass", "--asset", "apple", "--no-reports", "--out", "pipeline.yml", "--json"],
]


@pytest.fixture
def project(pipeline_path: Path) -> Path:
    """A locked project's folder, with an empty store."""
    assert call(pipeline_path.parent, "lock").returncode == 0
    Store.create(pipeline_path.parent / ".renderlock").close()
    return pipeline_path.parent


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(words)[:60])
def test_an_error_with_json_is_one_document_on_stdout(project: Path, words: list[str]) -> None:
    done = call(project, *words)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["exit_code"]) == (2, 2)
    assert error["message"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["init", "pipeline.yml"], ["demo", "pipeline.yml/below"]])
def test_a_place_that_cannot_be_written_is_named(project: Path, words: list[str]) -> None:
    done = call(project, *words)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_a_bug_with_json_is_a_document_too(tmp_path: Path) -> None:
    script = "import sys, renderlock.cli.main as m; sys.argv = ['renderlock', 'schema', '--json']\n"
    script += "m.COMMANDS['schema'] = m.CommandEntry('no_such_module', 'x')\nm.main()"
    environment = {**os.environ, "RENDERLOCK_LOGS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, json.loads(done.stdout)["error"]["exit_code"]) == (3, 3)


def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*RENDERLOCK, "schema"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        command.stdout.close()
        assert command.stderr is not None
        assert command.stderr.read() == ""
    assert command.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_on_a_full_disk_is_an_error_and_no_bug(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*RENDERLOCK, "schema"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "the standard output cannot be written: No space left on device" in done.stderr


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_does_not_keep_a_run_from_its_work(project: Path, closed: int) -> None:
    command = " ".join([*RENDERLOCK, "run", "--json", "--no-reports", "--step", "quick-pass", f"{closed}>&-"])
    done = subprocess.run(["sh", "-c", command], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert closed == 1 or json.loads(done.stdout)["rendered"] == 4
    with Store.open(project / ".renderlock") as store:
        assert (check(store).findings, check(store).renders) == ((), 4)


def test_a_locale_without_unicode_still_gets_valid_json(tmp_path: Path) -> None:
    words = ["--prompt", "ein Apfel für Zoë 🍎\n日本", "-n", "1", "--size", "64", "--steps", "1", "--json"]
    ascii_streams = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "", "LC_CTYPE": "", "LANG": ""}
    done = call_process(tmp_path, "variants", *words, **ascii_streams)
    assert done.returncode == 0, done.stderr
    address = json.loads(done.stdout)["pictures"][0]["address"]
    shown = call_process(tmp_path, "show", address, **ascii_streams)
    assert (shown.returncode, "Zo\\xeb" in shown.stdout) == (0, True)
    assert call_json(tmp_path, "show", address, "--json")["recipe"]["prompt"] == words[1]


def test_a_terminated_run_ends_like_an_interrupted_one(project: Path) -> None:
    words = ["run", "--no-reports", "-j", "1", "--step", "play", *(f"--seed={seed}" for seed in range(200))]
    with subprocess.Popen([*RENDERLOCK, *words], cwd=project, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        for _ in range(3):
            run.stderr.readline()
        run.send_signal(signal.SIGTERM)
        rest = run.stderr.read()
    with Store.open(project / ".renderlock") as store:
        stored = len(list(store.records()))
    assert run.returncode == 130
    assert f"Stopped. {stored} picture(s) finished are kept." in rest


HANGS = """\
import os, sys, time
from renderlock.actions.making import Maker
import renderlock.cli.main as main

def hang(self, job, work, tally):
    os.write(2, b"hanging\\n")
    time.sleep(3600)

Maker.draw = hang
sys.argv = ["renderlock", "run", "-j", "1", "--no-reports", "--no-progress"]
main.main()
"""


def test_a_second_ctrl_c_leaves_an_engine_that_does_not_stop(project: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HANGS], cwd=project, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        first = run.stderr.readline()
        for _ in range(300):
            if run.poll() is None:
                run.send_signal(signal.SIGINT)
                time.sleep(0.2)
        run.kill()
        assert first == "hanging\n"
        assert "Traceback" not in run.stderr.read()
    assert run.returncode == 130


def test_a_copy_that_is_not_this_picture_is_neither_written_over_nor_reported(project: Path) -> None:
    words = ["run", "--step", "quick-pass", "--asset", "apple", "--seed", "0", "--no-reports", "--out", "out", "--json"]
    (copy,) = call_json(project, *words)["copies"]
    assert call_json(project, *words)["copies"] == [copy]
    (project / copy).write_bytes(b"mine")
    done = call(project, *words)
    assert (done.returncode, json.loads(done.stdout)["error"]["type"]) == (2, "WouldOverwrite")
    assert (project / copy).read_bytes() == b"mine"


def test_a_corrupted_index_is_told_by_every_command_and_mended_by_rebuild(project: Path) -> None:
    run = ["run", "--step", "quick-pass", "--no-reports", "--json"]
    assert call_json(project, *run)["rendered"] == 4
    (project / ".renderlock" / "index.sqlite").write_bytes(b"garbage" * 1000)
    for words in (run, ["store", "info"], ["variants", "--prompt", "x"]):
        assert call(project, *words).returncode == 5
    assert "broken   store" in call(project, "doctor").stdout
    assert call(project, "store", "rebuild").returncode == 0
    assert call_json(project, *run)["cached"] == 4
