"""What holds for every test: its own home folder, no keys, no network beyond this machine, nothing left to luck."""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HOME = tempfile.mkdtemp(prefix="renderlock-tests-")
os.environ |= {"HOME": HOME, "XDG_CACHE_HOME": f"{HOME}/.cache", "HF_HOME": f"{HOME}/hf", "HF_HUB_OFFLINE": "1"}
os.environ["RENDERLOCK_USER"] = "tester"
for name in [name for name in os.environ if name.endswith(("_API_KEY", "_TOKEN"))]:
    del os.environ[name]
# A shell's background job ignores Ctrl-C, and so would every program that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def is_here(address: object) -> bool:
    """Whether a socket address is this machine: a path, loopback, or its name."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Fails any test that connects to another machine."""
    if event == "socket.connect" and not is_here(arguments[1]):
        message = f"a test connects to {arguments[1]}"
        raise AssertionError(message)


sys.addaudithook(refuse_network)
assert Path(HOME).is_dir()

# The same examples in every run, however busy the machine is; `make soak` looks for new ones.
settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    max_examples=2500,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


PIPELINE = """\
project: campaign
review_model: embedded
final_model: embedded
sandbox_model: embedded:v1
seeds: [0, 1]
assets:
  - {name: apple, prompt: a red apple}
  - {name: star, prompt: a yellow star}
steps:
  - {name: quick-pass, model: "${review_model}", size: 64, num_inference_steps: 2, gate: approval}
  - {name: final-render, model: "${final_model}", size: 96, num_inference_steps: 3}
  - {name: play, model: "${sandbox_model}", size: 64, num_inference_steps: 2}
"""
"""Two assets, two seeds, a gate, a final and a sandbox step, as small as the embedded engine renders."""


def write_pipeline(folder: Path) -> Path:
    """The pipeline.yml above in a project folder of its own, not locked yet."""
    path = folder / "project" / "pipeline.yml"
    path.parent.mkdir()
    path.write_text(PIPELINE)
    return path


@pytest.fixture
def pipeline_path(tmp_path: Path) -> Path:
    """A pipeline.yml for one test."""
    return write_pipeline(tmp_path)


@pytest.fixture(scope="module")
def shared_pipeline_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline.yml for what the tests of a module make once and copy."""
    return write_pipeline(tmp_path_factory.mktemp("shared"))
