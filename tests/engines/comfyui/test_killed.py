"""A run against ComfyUI that is killed with SIGKILL and started again: each picture is made once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.engines.comfyui.workflows import TEXT_TO_IMAGE, written

from renderlock.testing import serve
from renderlock.testing.server import Server

PICTURES = 3


def run_of(folder: Path, server: Server) -> subprocess.Popen[str]:
    words = ["variants", "-m", "comfyui:workflow.json", "-p", "a red apple", "-n", str(PICTURES), "--no-progress"]
    return subprocess.Popen(
        [sys.executable, "-m", "renderlock.cli.main", *words],
        cwd=folder,
        env={**os.environ, "RENDERLOCK_URL_COMFYUI": server.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_run_that_is_killed_while_the_server_renders_goes_on_with_the_same_prompts(tmp_path: Path) -> None:
    written(tmp_path, TEXT_TO_IMAGE)
    with serve("comfyui", latency_s=1.0, pictures="sketch") as server:
        killed = run_of(tmp_path, server)
        while not server.accepted:
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()

        again = run_of(tmp_path, server)
        _, said = again.communicate(timeout=300)
        accepted = server.accepted
        asked = [call.body for call in server.calls if call.path == "/prompt"]

    assert again.returncode == 0, said
    assert accepted == PICTURES
    assert len(asked) == PICTURES
