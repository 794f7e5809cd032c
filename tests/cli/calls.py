"""Calling the command line: in this process, which is fast, or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from renderlock.cli.main import main

RENDERLOCK = (sys.executable, "-m", "renderlock.cli.main")


@dataclass(frozen=True)
class Done:
    """How a call ended."""

    returncode: int
    stdout: str
    stderr: str


def call(folder: Path, *words: str, **environment: str) -> Done:
    """Runs `renderlock WORDS` in a folder, through the same `main` as the installed command."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "argv", ["renderlock", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
    return Done(code, out.getvalue(), err.getvalue())


def call_json(folder: Path, *words: str) -> Any:  # type: ignore[explicit-any]  # whatever JSON the command prints
    """The document a command prints, once it ended well."""
    done = call(folder, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def call_process(folder: Path, *words: str, **environment: str) -> Done:
    """Runs `renderlock WORDS` as a process of its own."""
    ended = subprocess.run(
        [*RENDERLOCK, *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)
