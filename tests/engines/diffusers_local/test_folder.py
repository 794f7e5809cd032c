"""Reading a model folder: what counts as loaded, and what is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engines.diffusers_local.model_folders import EULER, SD_VAE, edit_index, write_folder, write_json

from renderlock.engines.diffusers_local.folder import read_folder
from renderlock.errors import ModelUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    parts = {"vae": SD_VAE, "scheduler": EULER}
    path = write_folder(tmp_path / "model", "StableDiffusionPipeline", parts, safety_checker=[None, None])
    (path / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    return path


def loaded(folder: Path) -> tuple[str, ...]:
    return read_folder(folder, "mine").loaded_files()


def test_the_index_and_the_parts_configs_and_weights_are_loaded(folder: Path) -> None:
    assert loaded(folder) == (
        "model_index.json",
        "scheduler/scheduler_config.json",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    )


@pytest.mark.parametrize(
    "unloaded",
    [
        "README.md",
        "v1-5.safetensors",
        "vae/diffusion_pytorch_model.bin",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
        "vae/diffusion_pytorch_model.safetensors.index.fp16.json",
        "vae/.config.json.lock",
        "vae/config.json.lock",
        "vae/.cache/huggingface/config.json",
        "other/config.json",
    ],
)
def test_what_no_part_loads_is_not_counted(folder: Path, unloaded: str) -> None:
    before = loaded(folder)

    (folder / unloaded).parent.mkdir(parents=True, exist_ok=True)
    (folder / unloaded).write_bytes(b"{}")

    assert loaded(folder) == before


@pytest.mark.parametrize(
    "file",
    [
        "vae/model-00001-of-00002.safetensors",
        "vae/model.safetensors.index.json",
        "vae/chat_template.jinja",
        "vae/extra/vocab.txt",
    ],
)
def test_shards_vocabularies_and_nested_files_of_a_part_are_counted(folder: Path, file: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(b"x")

    assert file in loaded(folder)


def test_files_that_are_links_into_a_cache_are_counted_under_their_own_name(folder: Path, tmp_path: Path) -> None:
    blob = tmp_path / "blobs" / "1a2b"
    blob.parent.mkdir()
    (folder / "vae" / "config.json").rename(blob)
    (folder / "vae" / "config.json").symlink_to(blob)

    assert "vae/config.json" in loaded(folder)
    assert read_folder(folder, "mine").configs["vae"] == SD_VAE


@pytest.mark.parametrize("script", ["pipeline.py", "vae/modeling_own.py"])
def test_a_folder_with_code_of_its_own_is_refused(folder: Path, script: str) -> None:
    (folder / script).write_text("print('hello')")

    with pytest.raises(ModelUnavailable, match=script) as caught:
        read_folder(folder, "mine")

    assert "no code" in caught.value.advice


def test_a_config_that_names_code_elsewhere_is_refused(folder: Path) -> None:
    write_json(folder / "vae" / "config.json", {**SD_VAE, "auto_map": {"AutoModel": "org/other--code.Model"}})

    with pytest.raises(ModelUnavailable, match="auto_map"):
        read_folder(folder, "mine")


def test_a_part_without_its_folder_is_named(folder: Path) -> None:
    edit_index(folder, text_encoder=["transformers", "CLIPTextModel"])

    with pytest.raises(ModelUnavailable, match="text_encoder"):
        read_folder(folder, "mine")


def test_a_part_that_points_out_of_the_folder_is_refused(folder: Path) -> None:
    edit_index(folder, **{"../outside": ["diffusers", "AutoencoderKL"]})
    (folder.parent / "outside").mkdir()

    with pytest.raises(ModelUnavailable, match="outside"):
        read_folder(folder, "mine")


@pytest.mark.parametrize("file", ["model_index.json", "vae/config.json", "scheduler/scheduler_config.json"])
@pytest.mark.parametrize("content", [b'{"_class_name": ', b"[1, 2]", b"\xff\xfe"])
def test_a_config_that_is_no_json_object_is_named(folder: Path, file: str, content: bytes) -> None:
    (folder / file).write_bytes(content)

    with pytest.raises(ModelUnavailable, match=file):
        read_folder(folder, "mine")


def test_an_index_without_a_pipeline_class_is_refused(folder: Path) -> None:
    edit_index(folder, _class_name=["not", "text"])

    with pytest.raises(ModelUnavailable, match="names no pipeline class"):
        read_folder(folder, "mine")


def test_a_folder_that_is_not_there_or_is_no_model_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="does not exist"):
        read_folder(tmp_path / "nowhere", "mine")
    with pytest.raises(ModelUnavailable, match=r"has no model_index\.json"):
        read_folder(tmp_path, "mine")
