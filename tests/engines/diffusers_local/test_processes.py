"""What only a process of its own can show: what is imported, what is printed, and pixels that outlive a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from renderlock.engines.base import Unwatched
from renderlock.engines.diffusers_local.engine import DiffusersEngine
from renderlock.engines.resolve import Request, resolve
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Size

RENDER = """
import json, sys
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.table import open_engine
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.recipe import Recipe
engine = open_engine(sys.argv[1], EngineOptions(threads=2))
recipe = Recipe.from_json(json.loads(sys.argv[2]))
before = sorted({"torch", "diffusers", "transformers"} & set(sys.modules))
identity, native, environment = engine.identify().key.weights, engine.capabilities.sizes.native, engine.environment()
light = sorted({"torch", "diffusers", "transformers"} & set(sys.modules))
print(json.dumps({"pixels": digest_pixels(engine.render(recipe, None, Unwatched()).pixels),
                  "weights": identity, "imported": before + light}))
"""

BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[2]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
from renderlock.engines.base import EngineOptions
from renderlock.engines.table import open_engine
from renderlock.errors import MissingDependency
engine = open_engine(sys.argv[1], EngineOptions())
print(len(engine.identify().files))
try:
    engine.capabilities
except MissingDependency as error:
    print(error, error.advice)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a Python process printed; its warnings would stand in `stderr`."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)


def test_another_process_gives_the_same_pixels_and_prints_nothing(
    sd_engine: DiffusersEngine, stable_diffusion: Path
) -> None:
    request = Request("red apple", 7, size=Size(32, 48), steps=3)
    recipe = resolve(request, sd_engine.identify(), sd_engine.capabilities, "refuse").recipe
    here = sd_engine.render(recipe, None, Unwatched()).pixels

    done = run(RENDER, f"diffusers:{stable_diffusion}", json.dumps(recipe.to_json()))

    there = json.loads(done.stdout)
    assert there["pixels"] == digest_pixels(here)
    assert there["weights"] == recipe.model.weights
    assert there["imported"] == []
    assert done.stderr == ""


def test_listing_and_resolving_import_no_heavy_library() -> None:
    code = """
import sys
import renderlock.engines.table, renderlock.engines.resolve
renderlock.engines.table.list_engines()
print(sorted({"torch", "diffusers", "transformers", "onnxruntime", "huggingface_hub", "PIL"} & set(sys.modules)))
"""

    heavy = json.loads(run(code).stdout.replace("'", '"'))

    # Pixels are Pillow's at the edge of every engine; nothing else may be loaded by a listing.
    assert set(heavy) <= {"PIL"}


@pytest.mark.parametrize("package", ["diffusers", "torch", "transformers", "safetensors"])
def test_without_the_extra_a_folder_is_identified_and_the_rest_names_what_is_missing(
    stable_diffusion: Path, package: str
) -> None:
    done = run(BLOCKED, f"diffusers:{stable_diffusion}", package)

    files, told = done.stdout.splitlines()
    assert int(files) == 10
    assert f"needs {package}" in told
    assert "pip install 'renderlock[local]'" in told


def test_a_hub_model_without_the_extra_names_what_is_missing() -> None:
    reference = f"diffusers:org/model@{'0' * 40}"
    code = BLOCKED.replace("print(len(engine.identify().files))", "")

    done = run(code, reference, "huggingface_hub")

    assert "a hub model needs huggingface_hub" in done.stdout
