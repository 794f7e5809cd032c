"""Providers' upscalers over HTTP, end to end: by `upscale`, and by a pipeline's `upscaler`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from tests.cli.calls import call
from tests.conftest import PIPELINE

from renderlock.imaging.decoding import read_picture
from renderlock.imaging.sinks import PictureForm, open_sink
from renderlock.store.store import Store
from renderlock.testing import PROVIDERS, serve
from renderlock.testing.server import Server

VERTEX = "imagen:vertex/imagen-4.0-upscale-preview"
PAID = ("/upscale", ":predict", "/extra-single-image")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a photograph of 48 x 48."""
    Image.fromarray(skimage.data.astronaut()[16:208, 128:320]).resize((48, 48)).save(tmp_path / "photo.png")
    return tmp_path


def environment_of(server: Server, provider: str) -> dict[str, str]:
    return PROVIDERS[provider].pointing(server.url, server.key) | {"VERTEX_API_KEY": server.key}


def paid(server: Server) -> int:
    """How many enlargements were asked of the provider."""
    return sum(one.path.endswith(PAID) for one in server.calls)


@pytest.mark.parametrize(
    ("provider", "reference", "to", "calls"),
    [
        ("ideogram", "ideogram-v2", "2x", 1),
        ("ideogram", "ideogram-v2", "4x", 2),
        ("imagen", VERTEX, "4x", 1),
        ("automatic1111", "a1111:", "3x", 1),
    ],
)
def test_a_picture_is_enlarged_by_a_provider_and_nothing_is_paid_twice(
    folder: Path, provider: str, reference: str, to: str, calls: int
) -> None:
    asked = ("upscale", "photo.png", "--to", to, "-u", reference, "--no-gate", "--no-progress", "-o")
    side = 48 * int(to[0])
    with serve(provider) as server:
        environment = environment_of(server, provider)
        done = call(folder, *asked, "first.png", **environment)
        again = call(folder, *asked, "second.png", **environment)
        assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
        assert paid(server) == calls
    first, second = read_picture(folder / "first.png"), read_picture(folder / "second.png")
    assert first.shape == (side, side, 3)
    assert (first == second).all()


@pytest.fixture
def a1111() -> Iterator[Server]:
    with serve("automatic1111") as server:
        yield server


def test_a_pipelines_finals_go_through_a_providers_upscaler_behind_the_gate(tmp_path: Path, a1111: Server) -> None:
    final = "size: 96, num_inference_steps: 3, upscale: 2"
    text = (
        PIPELINE.replace("size: 96, num_inference_steps: 3", final)
        .replace("[0, 1]", "[0]")
        .replace(", gate: approval", "")
    )
    (tmp_path / "pipeline.yml").write_text(f"{text}upscaler: 'a1111:'\n")
    environment = environment_of(a1111, "automatic1111")
    locked = call(tmp_path, "lock", **environment)
    ran = call(tmp_path, "run", "--no-reports", "--no-progress", **environment)
    assert (locked.returncode, ran.returncode) == (0, 0), locked.stderr + ran.stderr
    with Store.open(tmp_path / ".renderlock") as store:
        finals = [one for one in store.records(step="final-render") if one.size.width == 192]
        gates = {event.kind for one in finals for event in store.events(one.address)}
    assert len(finals) == 2
    assert paid(a1111) == 2
    assert "verdict" in gates


def test_what_16_bits_lose_at_a_provider_is_said(folder: Path) -> None:
    deep = read_picture(folder / "photo.png").astype(np.uint16) * 257
    with open_sink(folder / "deep.png", PictureForm.of(deep)) as sink:
        sink.write(deep)
    asked = ("upscale", "deep.png", "--to", "2x", "-u", "ideogram-v2", "--no-gate", "--json")
    with serve("ideogram") as server:
        found = json.loads(call(folder, *asked, **environment_of(server, "ideogram")).stdout)
    assert [(one["field"], one["done"]) for one in found["deviations"]] == [
        ("bits", "16 from the source, new detail in 8")
    ]
