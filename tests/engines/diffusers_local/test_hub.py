"""Hub models: fetched once from a hub on loopback, then found without it; refused with advice where they cannot be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.engines.diffusers_local.hub_server import HubServer, serve_hub
from tests.engines.diffusers_local.model_folders import EULER, SD_VAE, write_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ASK = """
import json, sys
from renderlock.engines.base import EngineOptions
from renderlock.engines.table import open_engine
from renderlock.errors import RenderlockError
try:
    engine = open_engine(sys.argv[1], EngineOptions(offline=sys.argv[2] == "offline"))
    identity = engine.identify()
    native = str(engine.capabilities.sizes.native)
    print(json.dumps({"key": identity.key.to_json(), "files": dict(identity.files), "native": native,
                      "torch": "torch" in sys.modules}))
except RenderlockError as error:
    print(json.dumps({"error": str(error), "advice": error.advice, "exit_code": error.exit_code}))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A model's repository with more in it than a pipeline loads."""
    parts = {"vae": SD_VAE, "unet": {"_class_name": "UNet2DConditionModel", "sample_size": 64}, "scheduler": EULER}
    folder = write_folder(tmp_path / "repository", "StableDiffusionPipeline", parts)
    for part in ("vae", "unet"):
        for weights in ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors", "model.bin"):
            (folder / part / weights).write_bytes(f"{part} {weights}".encode())
    (folder / "README.md").write_text("# A model")
    (folder / "everything-in-one.safetensors").write_bytes(b"large")
    return folder


def ask(reference: str, mode: str, cache: Path, endpoint: str, **environment: str) -> dict[str, object]:
    """What a process of its own says of a reference: the hub's client reads its environment when it is imported."""
    settings = {
        "HF_HOME": str(cache),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_OFFLINE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK, reference, mode],
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_a_hub_model_is_fetched_once_and_then_found_with_the_hub_gone(repository: Path, tmp_path: Path) -> None:
    reference = f"diffusers:org/model@{COMMIT}"
    with serve_hub(HubServer("org/model", COMMIT, repository)) as hub:
        fetched = ask(reference, "online", tmp_path / "cache", hub.url)
        asked = "\n".join(hub.asked)

    again = ask(reference, "online", tmp_path / "cache", hub.url)
    offline = ask(reference, "offline", tmp_path / "cache", hub.url)
    by_environment = ask(reference, "online", tmp_path / "cache", hub.url, HF_HUB_OFFLINE="1")

    assert fetched == again == offline == by_environment
    assert "GET /org/model/resolve" in asked
    for unloaded in ("fp16", ".bin", "README", "everything-in-one"):
        assert unloaded not in asked
    assert not fetched["torch"]
    assert fetched["native"] == "512x512"


def test_the_identity_of_a_hub_model_is_its_commit_and_its_files(repository: Path, tmp_path: Path) -> None:
    with serve_hub(HubServer("org/model", COMMIT, repository)) as hub:
        answer = ask(f"diffusers:org/model@{COMMIT}", "online", tmp_path / "cache", hub.url)

    key, files = answer["key"], answer["files"]
    assert isinstance(key, dict)
    assert isinstance(files, dict)
    assert (key["engine"], key["model"], key["revision"]) == ("diffusers", "org/model", COMMIT)
    assert sorted(files) == [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    ]


@pytest.mark.parametrize(("mode", "environment"), [("offline", {}), ("online", {"HF_HUB_OFFLINE": "1"})])
def test_a_model_that_is_not_in_the_cache_is_told_with_the_command_that_fetches_it(
    tmp_path: Path, mode: str, environment: dict[str, str]
) -> None:
    answer = ask(f"diffusers:org/model@{COMMIT}", mode, tmp_path / "cache", "http://127.0.0.1:9", **environment)

    assert "not in the hub's cache" in str(answer["error"])
    assert f"hf download org/model --revision {COMMIT}" in str(answer["advice"])
    assert answer["exit_code"] == 4


def test_a_repository_that_the_hub_does_not_have_is_told_with_its_answer(repository: Path, tmp_path: Path) -> None:
    with serve_hub(HubServer("org/model", COMMIT, repository)) as hub:
        answer = ask(f"diffusers:org/another@{COMMIT}", "online", tmp_path / "cache", hub.url)

    assert "404" in str(answer["error"])
    assert "Check the name" in str(answer["advice"])
