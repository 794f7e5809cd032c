"""`renderlock testing`: a provider in a process of its own, pointed at by the environment it prints."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.cli.calls import call

from renderlock.testing.faults import FAULTS


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """A served provider and what it printed."""
    command = [sys.executable, "-m", "renderlock.cli.main", "testing", "serve", *words, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        printed = ""
        while not printed.endswith("}\n"):
            printed += process.stdout.readline()
            # A document's last line is its closing brace alone.
            if printed.rstrip().endswith("}") and printed.count("{") == printed.count("}"):
                break
        yield process, json.loads(printed)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_a_pipeline_of_a_hosted_model_runs_over_http_as_the_command_says(tmp_path: Path) -> None:
    with serving("ideogram", "--pictures", "sketch", "--fault", "rate-limit") as (process, told):
        environment = told["environment"]
        assert isinstance(environment, dict)
        _, *words = shlex.split(str(told["try"]))
        done = subprocess.run(
            [sys.executable, "-m", "renderlock.cli.main", *words, "--no-progress"],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)

    assert done.returncode == 0, done.stderr
    assert "1 picture(s) accepted" in said
    assert process.returncode == 0


def test_the_served_port_key_and_concurrency_are_those_asked_for() -> None:
    with serving("gemini", "--key", "a-key-of-mine", "--concurrency", "1") as (_, told):
        answer = httpx.get(f"{told['url']}/v1beta/models", headers={"x-goog-api-key": "a-key-of-mine"})

    assert told["key"] == "a-key-of-mine"
    assert answer.status_code == 200


def test_faults_are_listed_with_what_they_do(tmp_path: Path) -> None:
    listed = call(tmp_path, "testing", "faults").stdout
    as_json = json.loads(call(tmp_path, "testing", "faults", "--json").stdout)

    assert all(name in listed for name in FAULTS)
    assert {fault["name"] for fault in as_json["faults"]} == set(FAULTS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ideograms",), "ideogram"),
        (("gemini", "--fault", "unsafe"), "gemini cannot have the fault unsafe"),
        (("gemini", "--fault", "rate-limits"), "rate-limit"),
        (("gemini", "--fault", "rate-limit:nth=0"), "nth"),
    ],
)
def test_what_cannot_be_served_is_refused_at_once(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = call(tmp_path, "testing", "serve", *words)

    assert done.returncode == 2
    assert said in done.stderr
