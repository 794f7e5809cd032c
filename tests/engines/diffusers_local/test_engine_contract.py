"""The diffusers engine keeps the engine contract with a UNet model and with a flow-matching transformer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engines.contract import EngineContract, Subject

from renderlock.engines.diffusers_local.engine import open_model
from renderlock.spec.recipe import Size


def subject_of(model: Path, weights: str, unwanted: str) -> Subject:
    file = model / weights

    def change_a_file() -> Callable[[], None]:
        before = file.read_bytes()
        file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        return lambda: _rewrite(file, before)

    return Subject(
        open=lambda options: open_model(str(model), options),
        prompt="red apple on a table",
        other_prompt="a ship",
        size=Size(32, 48),
        unwanted=unwanted,
        change_a_file=change_a_file,
    )


def _rewrite(path: Path, data: bytes) -> None:
    path.write_bytes(data)


class TestStableDiffusion(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, stable_diffusion: Path, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        model = Path(shutil.copytree(stable_diffusion, tmp_path_factory.mktemp("sd") / "model"))
        return subject_of(model, "unet/diffusion_pytorch_model.safetensors", unwanted="blur")


class TestZImage(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, z_image: Path, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        model = Path(shutil.copytree(z_image, tmp_path_factory.mktemp("z") / "model"))
        return subject_of(model, "transformer/diffusion_pytorch_model.safetensors", unwanted="")
