"""Weight files are proven whole before anything is loaded from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.engines.diffusers_local.model_folders import EULER, SD_VAE, write_folder, write_json

from renderlock.engines.diffusers_local.folder import ModelFolder, read_folder
from renderlock.engines.diffusers_local.weights import check_files, stored_precision
from renderlock.errors import ModelUnavailable

UNET = {"_class_name": "UNet2DConditionModel", "sample_size": 64}
WEIGHTS = "diffusion_pytorch_model.safetensors"


def safetensors_bytes(**tensors: tuple[str, int]) -> bytes:
    """A safetensors file of zeros: dtype and number of bytes of each tensor."""
    header, end = {}, 0
    for name, (dtype, length) in tensors.items():
        header[name] = {"dtype": dtype, "shape": [length], "data_offsets": [end, end + length]}
        end += length
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = write_folder(
        tmp_path / "model", "StableDiffusionPipeline", {"vae": SD_VAE, "unet": UNET, "scheduler": EULER}
    )
    (path / "vae" / WEIGHTS).write_bytes(safetensors_bytes(a=("F32", 8)))
    (path / "unet" / WEIGHTS).write_bytes(safetensors_bytes(a=("F16", 64), b=("F32", 8)))
    return path


def read(folder: Path) -> ModelFolder:
    return read_folder(folder, "mine")


def test_whole_files_pass(folder: Path) -> None:
    check_files(read(folder))


@pytest.mark.parametrize("keep", [0, 4, 12, -1])
def test_a_file_cut_short_is_named(folder: Path, keep: int) -> None:
    file = folder / "unet" / WEIGHTS
    file.write_bytes(file.read_bytes()[:keep])

    with pytest.raises(ModelUnavailable, match=f"unet/{WEIGHTS}"):
        check_files(read(folder))


def test_a_file_with_bytes_after_its_end_is_named(folder: Path) -> None:
    file = folder / "unet" / WEIGHTS
    file.write_bytes(file.read_bytes() + b"\0")

    with pytest.raises(ModelUnavailable, match="is damaged"):
        check_files(read(folder))


@pytest.mark.parametrize("header", [b"[]", b"{", b'{"a": {"dtype": "F32"}}', b'{"a": {"data_offsets": ["0", "4"]}}'])
def test_a_header_that_is_not_the_formats_is_named(folder: Path, header: bytes) -> None:
    (folder / "vae" / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header)

    with pytest.raises(ModelUnavailable, match=f"vae/{WEIGHTS}"):
        check_files(read(folder))


@pytest.mark.parametrize("name", ["diffusion_pytorch_model.bin", "pytorch_model.bin", "model.ckpt", "weights.pt"])
def test_weights_in_a_pickle_only_are_refused(folder: Path, name: str) -> None:
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / name)

    with pytest.raises(ModelUnavailable, match=f"only as {name}") as caught:
        check_files(read(folder))

    assert "safetensors" in caught.value.advice


def test_a_pickle_beside_safetensors_does_no_harm(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"unused")

    check_files(read(folder))


def test_a_network_without_any_weights_is_named(folder: Path) -> None:
    (folder / "unet" / WEIGHTS).unlink()

    with pytest.raises(ModelUnavailable, match="unet has no weights"):
        check_files(read(folder))


def test_weights_in_another_precision_only_are_named(folder: Path) -> None:
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")

    with pytest.raises(ModelUnavailable, match=r"diffusion_pytorch_model\.fp16\.safetensors"):
        check_files(read(folder))


def test_a_shard_that_the_index_names_but_is_missing_is_named(folder: Path) -> None:
    index = {"weight_map": {"a": WEIGHTS, "b": "shard-00002-of-00002.safetensors"}}
    write_json(folder / "unet" / f"{WEIGHTS}.index.json", index)

    with pytest.raises(ModelUnavailable, match="shard-00002-of-00002"):
        check_files(read(folder))


@pytest.mark.parametrize(
    ("dtype", "precision"), [("F32", "float32"), ("F16", "float16"), ("BF16", "bfloat16"), ("F8_E4M3", "float32")]
)
def test_the_precision_is_that_of_most_of_the_denoisers_bytes(folder: Path, dtype: str, precision: str) -> None:
    (folder / "unet" / WEIGHTS).write_bytes(safetensors_bytes(a=(dtype, 64), norm=("F32", 8)))

    assert stored_precision(read(folder)) == precision
