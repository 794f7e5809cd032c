"""Starting: help answers without loading what it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.calls import call

from renderlock.cli.main import COMMANDS

HEAVY = ("torch", "diffusers", "onnxruntime", "numpy", "PIL", "httpx", "fastapi", "starlette", "requests", "jinja2")


def modules_after(code: str) -> set[str]:
    """The top-level modules a fresh interpreter holds after running `code`."""
    script = f"{code}\nimport sys\nprint(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not modules_after("import renderlock") & {*HEAVY, "typer", "rich", "pydantic"}


def test_help_loads_nothing_heavy() -> None:
    code = "import sys\nfrom renderlock.cli.main import app\napp(['--help'], standalone_mode=False)"
    assert not modules_after(code) & {*HEAVY, "rich"}


def test_the_client_loads_no_engine() -> None:
    assert not modules_after("from renderlock import Client") & {"torch", "diffusers", "onnxruntime", "httpx"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_how_its_own_help_begins(name: str, tmp_path: object) -> None:
    text = " ".join(call(tmp_path, name, "--help").stdout.split())  # type: ignore[arg-type]  # pytest's Path
    first_words = COMMANDS[name].summary.rstrip(".").split(",")[0].split()[:2]
    assert " ".join(first_words).rstrip(":,") in text


def test_version_is_that_of_the_package(tmp_path: object) -> None:
    done = call(tmp_path, "--version")  # type: ignore[arg-type]  # pytest's Path
    assert done.stdout.startswith("renderlock 0.")


def test_a_run_with_nothing_to_do_loads_neither_scipy_nor_a_runtime(pipeline_path: Path) -> None:
    folder = pipeline_path.parent
    call(folder, "lock")
    words = ["run", "--step", "quick-pass", "--no-progress"]
    assert call(folder, *words).returncode == 0
    code = f"import os\nos.chdir({str(folder)!r})\nfrom renderlock.cli.main import app\n"
    code += f"app({words}, standalone_mode=False)"
    assert not modules_after(code) & {"scipy", "skimage", "onnxruntime", "jinja2", "torch"}
