"""The client for scripts: the story's loop, the same store and the same checks as `run`."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.calls import call

from renderlock import Client, RenderStep
from renderlock.errors import (
    InputUnusable,
    KeyNotTaken,
    LockMismatch,
    NotCapable,
    RecipeError,
    StandingViolation,
    UnknownName,
)
from renderlock.spec.standing import Standing

STORY = """\
from renderlock import Client

client = Client(model="ideogram-v1", api_key="not a real key")
prompt = "A minimalist desk lamp on a white table, studio lighting"

for i in range(3):
    out = client.generate(
        prompt, seed=i, guidance_scale=7.0, size=(1024, 1024)
    )
    out.save(f"variant_{i}.png")
"""
"""The ten lines of the story, with only the import changed."""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with contextlib.chdir(tmp_path), Client(model="embedded") as opened:
        yield opened


def test_the_storys_loop_runs_in_rehearsal(tmp_path: Path) -> None:
    environment = {"RENDERLOCK_REHEARSE": "1"}
    done = subprocess.run([sys.executable, "-c", STORY], cwd=tmp_path, env={**os.environ, **environment}, check=True)
    assert done.returncode == 0
    pictures = [Image.open(tmp_path / f"variant_{number}.png") for number in range(3)]
    assert len({picture.tobytes() for picture in pictures}) == 3
    assert "rehearsal" in str(pictures[0].info["renderlock"])


def test_a_picture_knows_its_recipe_digest_and_address(client: Client, tmp_path: Path) -> None:
    picture = client.generate("a red apple", seed=3, size=(96, 64), num_inference_steps=2, guidance_scale=3.0)
    assert (picture.image.size, picture.recipe.seed, picture.recipe.guidance_scale) == ((96, 64), 3, 3.0)
    assert picture.digest == picture.recipe.digest
    assert client.store.get(picture.address).standing is Standing.SANDBOX
    assert picture.save(tmp_path / "apple.png").read_bytes() == picture.data


def test_the_same_call_is_rendered_once(client: Client) -> None:
    first = client.generate("a red apple", size=(64, 64), num_inference_steps=2)
    second = client.generate("a red apple", size=(64, 64), num_inference_steps=2)
    assert first == second
    assert len(list(client.store.records())) == 1


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tiff"])
def test_saving_converts_by_the_ending(client: Client, tmp_path: Path, suffix: str) -> None:
    picture = client.generate("a red apple", size=(64, 64), num_inference_steps=2)
    with Image.open(picture.save(tmp_path / f"apple{suffix}")) as saved:
        difference = np.abs(np.asarray(saved, np.int16) - np.asarray(picture.image, np.int16))
    assert difference.mean() < 8


@pytest.mark.parametrize(("suffix", "mode"), [(".jpg", "RGB"), (".webp", "RGBA"), (".tiff", "RGBA")])
def test_saving_keeps_what_is_clear_where_the_format_can(
    client: Client, tmp_path: Path, suffix: str, mode: str
) -> None:
    made = client.generate("a red apple", size=(64, 64), num_inference_steps=2)
    buffer = io.BytesIO()
    Image.new("RGBA", (64, 64), (200, 30, 30, 0)).save(buffer, "PNG")
    with Image.open(replace(made, data=buffer.getvalue()).save(tmp_path / f"clear{suffix}")) as saved:
        assert saved.mode == mode
        assert mode == "RGB" or saved.getchannel("A").getextrema() == (0, 0)


def test_an_unknown_ending_or_folder_is_refused(client: Client, tmp_path: Path) -> None:
    picture = client.generate("a red apple", size=(64, 64), num_inference_steps=2)
    for path in (tmp_path / "apple.xyz", tmp_path / "apple.psd", tmp_path / "nowhere" / "apple.png"):
        with pytest.raises(InputUnusable):
            picture.save(path)


def test_a_picture_can_start_from_another(client: Client, tmp_path: Path) -> None:
    start = client.generate("a red apple", size=(64, 64), num_inference_steps=4).save(tmp_path / "start.png")
    near = client.generate("a yellow star", size=(64, 64), num_inference_steps=4, init_image=start, strength=0.3)
    assert near.recipe.init is not None
    with pytest.raises(InputUnusable, match="go together"):
        client.generate("a yellow star", init_image=start)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"size": (8, 8)}, NotCapable),
        ({"sampler": "eular"}, NotCapable),
        ({"guidance_scale": 99.0}, NotCapable),
        ({"seed": -1}, RecipeError),
        ({"size": (0, 0)}, RecipeError),
        ({"size": (10**400, 64)}, RecipeError),
    ],
)
def test_what_cannot_be_is_refused_before_rendering(
    client: Client, arguments: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.generate("a red apple", **arguments)  # type: ignore[arg-type]  # wrong on purpose
    assert list(client.store.records()) == []


def test_deviations_can_be_allowed_and_are_told(tmp_path: Path) -> None:
    with Client(model="embedded", store=tmp_path / "store", deviations="record") as client:
        picture = client.generate("a red apple", size=(48, 48), num_inference_steps=2)
    assert [deviation.field for deviation in picture.deviations] == ["size"]


def test_a_key_for_a_model_that_takes_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyNotTaken):
        Client(model="embedded", api_key="key", store=tmp_path / "store")


def test_a_script_follows_each_step_with_the_picture_as_it_forms(client: Client) -> None:
    seen: list[tuple[int, int, tuple[int, int]]] = []

    def on_step(step: RenderStep) -> None:
        assert step.preview is not None
        seen.append((step.done, step.steps, step.preview().size))

    client.generate("a red apple", size=(96, 64), num_inference_steps=3, on_step=on_step)
    assert seen == [(done, 3, (96, 64)) for done in (1, 2, 3)]


def test_what_a_script_raises_at_a_step_stops_the_render_and_keeps_nothing(client: Client) -> None:
    def on_step(step: RenderStep) -> None:
        if step.done == 2:
            raise InputUnusable(path="the script", reason="it has seen enough", action="")

    with pytest.raises(InputUnusable, match="seen enough"):
        client.generate("a red apple", size=(64, 64), num_inference_steps=5, on_step=on_step)
    assert list(client.store.records()) == []


def test_an_unknown_model_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="ideogram-v9"), Client("ideogram-v9", store=tmp_path / "store") as client:
        client.generate("a red apple")


def test_in_a_project_the_locked_model_makes_production_in_the_projects_store(pipeline_path: Path) -> None:
    call(pipeline_path.parent, "lock")
    with contextlib.chdir(pipeline_path.parent), Client("embedded") as client:
        picture = client.generate("a red apple", size=(64, 64), num_inference_steps=2)
        assert picture.record.standing is Standing.PRODUCTION
    assert (pipeline_path.parent / ".renderlock" / "format").exists()


def test_in_a_project_a_model_that_is_not_what_was_locked_is_refused(pipeline_path: Path) -> None:
    call(pipeline_path.parent, "lock")
    lock = pipeline_path.with_name("pipeline.lock")
    lock.write_text(lock.read_text().replace('"surface": "embedded/', '"surface": "embedded/other-'))
    with contextlib.chdir(pipeline_path.parent), Client("embedded") as client, pytest.raises(LockMismatch):
        client.generate("a red apple", size=(64, 64), num_inference_steps=2)


def test_in_a_project_production_does_not_start_from_the_sandbox(pipeline_path: Path) -> None:
    folder = pipeline_path.parent
    call(folder, "lock")
    with contextlib.chdir(folder), Client("embedded:v1") as sandbox, Client("embedded") as production:
        start = sandbox.generate("a red apple", size=(64, 64), num_inference_steps=2).save("start.png")
        with pytest.raises(StandingViolation):
            production.generate("a star", size=(64, 64), num_inference_steps=2, init_image=start, strength=0.5)


def test_a_size_beyond_the_model_comes_out_of_tiles(client: Client) -> None:
    picture = client.generate("a red apple", size=(200, 128), num_inference_steps=2, tiles="2x1", tile_overlap=16)

    assert picture.image.size == (200, 128)
    assert picture.recipe.tiling is not None
    assert len(dict(picture.record.source)["tiles"].split()) == 2
