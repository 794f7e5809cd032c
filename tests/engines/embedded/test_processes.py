"""What only shows in a process of its own: equal pixels everywhere, what is imported, memory that runs out."""

from __future__ import annotations

import subprocess
import sys

import pytest

RENDER = """
import sys
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import open_engine
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Size

engine = open_engine("embedded", EngineOptions(threads=int(sys.argv[1])))
samplers = engine.capabilities.samplers
for sampler, size in [*((name, Size(128, 128)) for name in samplers), (samplers[0], Size(96, 256))]:
    request = Request("red apple on a blue background", 2**53 - 1, size=size, steps=3, sampler=sampler)
    recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
    print(sampler, size, digest_pixels(engine.render(recipe, None, Unwatched()).pixels))
"""

DESCRIBE = """
import sys
import renderlock
import renderlock.engines.table
from renderlock.engines.base import EngineOptions
from renderlock.engines.table import list_engines, open_engine

list_engines()
engine = open_engine("embedded", EngineOptions())
engine.capabilities, engine.identify(), engine.environment(), engine.close()
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("onnxruntime", "torch", "diffusers", "onnx")))
"""

RUN_OUT_OF_MEMORY = """
import resource
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import open_engine
from renderlock.errors import OutOfMemory
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Size

engine = open_engine("embedded", EngineOptions())
def recipe(side):
    request = Request("cat", 1, size=Size(side, side), steps=2)
    return resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
small, large = recipe(64), recipe(512)
before = digest_pixels(engine.render(small, None, Unwatched()).pixels)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used, resource.RLIM_INFINITY))
try:
    engine.render(large, None, Unwatched())
except OutOfMemory as error:
    print(type(error).__name__, error.facts["model"])
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(digest_pixels(engine.render(small, None, Unwatched()).pixels) == before)
"""


def run_python(code: str, *arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_pixels_are_equal_bit_for_bit_across_processes_and_thread_counts() -> None:
    outputs = [run_python(RENDER, threads) for threads in ("1", "2", "4", "1")]

    assert len(outputs[0].splitlines()) == 6
    assert outputs[1:] == outputs[:1] * 3


def test_naming_and_identifying_a_model_loads_no_inference_library() -> None:
    assert run_python(DESCRIBE).strip() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on address space is read and set the Linux way")
def test_running_out_of_memory_is_told_as_such_and_leaves_the_engine_usable() -> None:
    assert run_python(RUN_OUT_OF_MEMORY).split() == ["OutOfMemory", "renderlock-icons@v2", "True"]
