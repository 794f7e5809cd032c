"""The AUTOMATIC1111 adapter at work: its bodies, progress, stopping, running out of memory, enlarging, identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from renderlock.actions.calls.book import read_book
from renderlock.actions.calls.journal import StoreJournal
from renderlock.engines.automatic1111.engine import Automatic1111Engine, open_model
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.options import HostedOptions, Patience
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.upscaling import UpscalingEngine
from renderlock.errors import ModelUnavailable, NotCapable, OutOfMemory, ProviderFailed, UnknownName
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.store import Store
from renderlock.testing import serve
from renderlock.testing.automatic1111.provider import CHECKPOINTS
from renderlock.testing.server import Server

PATIENCE = Patience(connect_s=2.0, answer_s=10.0, attempts=2, retry_s=4.0, wait_s=0.01)
CONNECTIONS = Connections()


@pytest.fixture(autouse=True)
def connections_are_closed() -> Iterator[None]:
    yield
    CONNECTIONS.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("automatic1111", pictures="sketch") as serving:
        yield serving


def engine_of(server: Server, model: str = "") -> Automatic1111Engine:
    return engine_at(server.url, server.key, model)


def engine_at(url: str, key: str, model: str = "") -> Automatic1111Engine:
    hosted = HostedOptions(urls={"a1111": url}, patience=PATIENCE, connections=CONNECTIONS)
    return open_model(model, EngineOptions(hosted=hosted, api_key=key))


def recipe_of(engine: Automatic1111Engine) -> Recipe:
    request = Request("a red apple", 7, Size(192, 128), "text", 6, 5.5, "Euler a")
    return resolve(request, engine.identify(), engine.capabilities, "refuse").recipe


class Recorder:
    """Notes each step once; stops the render at one, as Ctrl-C does."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.steps: list[int] = []
        self._stop_at = stop_at

    def on_step(self, done: int, steps: int) -> None:
        if done and done not in self.steps[-1:]:
            self.steps.append(done)
        if self._stop_at is not None and done >= self._stop_at:
            raise KeyboardInterrupt


def test_the_body_names_everything_that_changes_pixels_and_the_checkpoint(server: Server) -> None:
    engine = engine_of(server, "sdxl")
    engine.render(recipe_of(engine), None, Unwatched())
    body = next(call.body for call in reversed(server.calls) if call.path.endswith("txt2img"))

    assert isinstance(body, dict)
    task = body.pop("force_task_id")
    assert body == {
        "prompt": "a red apple",
        "negative_prompt": "text",
        "seed": 7,
        "sampler_name": "Euler a",
        "steps": 6,
        "cfg_scale": 5.5,
        "width": 192,
        "height": 128,
        "batch_size": 1,
        "n_iter": 1,
        "override_settings": {"sd_model_checkpoint": "sdxl.safetensors [31e35c80fc]"},
        "send_images": True,
        "save_images": False,
    }
    assert task


def test_every_step_is_told_in_order() -> None:
    watch = Recorder()
    with serve("automatic1111", latency_s=1.5, pictures="sketch") as server:
        engine = engine_of(server)
        engine.render(recipe_of(engine), None, watch)
        looked = [call.path for call in server.calls].count("/sdapi/v1/progress")

    assert watch.steps == [1, 2, 3, 4, 5, 6]
    assert looked > 1


def test_a_stopped_render_interrupts_the_server_and_leaves_the_engine_usable() -> None:
    with serve("automatic1111", latency_s=2.0, pictures="sketch") as server:
        engine = engine_of(server)
        recipe = recipe_of(engine)
        with pytest.raises(KeyboardInterrupt):
            engine.render(recipe, None, Recorder(stop_at=2))
        stopped = [call.path for call in server.calls].count("/sdapi/v1/interrupt")
        render = engine.render(recipe, None, Unwatched())

    assert stopped == 1
    assert render.pixels.shape == (128, 192, 3)


def test_running_out_of_memory_is_ours_to_handle() -> None:
    with serve("automatic1111", faults=["out-of-memory"], pictures="sketch") as server:
        engine = engine_of(server)
        with pytest.raises(OutOfMemory, match="CUDA out of memory"):
            engine.render(recipe_of(engine), None, Unwatched())


def test_another_exception_of_the_server_is_named() -> None:
    with serve("automatic1111", faults=["server-error"], pictures="sketch") as server:
        engine = engine_of(server)
        with pytest.raises(ProviderFailed, match="RuntimeError"):
            engine.render(recipe_of(engine), None, Unwatched())


def test_img2img_sends_picture_and_strength(server: Server) -> None:
    init: Pixels = np.full((128, 192, 3), 90, np.uint8)
    engine = engine_of(server)
    recipe = replace(recipe_of(engine), init=Init(digest_pixels(init), 0.05))

    pixels = engine.render(recipe, init, Unwatched()).pixels

    assert abs(pixels.astype(int) - 90).mean() < 10


def test_the_stored_bytes_hold_no_parameters_and_the_source_says_the_checkpoint(server: Server) -> None:
    engine = engine_of(server)
    render = engine.render(recipe_of(engine), None, Unwatched())

    assert render.original is not None
    assert b"parameters" not in render.original[0]
    assert dict(render.source)["checkpoint_hash"] == CHECKPOINTS["sd15.safetensors"][0]


def test_the_identity_is_the_checkpoints_hash(server: Server) -> None:
    loaded, other = engine_of(server).identify(), engine_of(server, "sdxl").identify()

    assert loaded.files == (("sd15.safetensors", CHECKPOINTS["sd15.safetensors"][1]),)
    assert (other.model, other.revision) == ("sdxl", "31e35c80fc")
    assert loaded.key != other.key


def test_samplers_go_by_our_names_and_the_servers_are_taken_too(server: Server) -> None:
    facts = engine_of(server).capabilities

    assert facts.samplers[:2] == ("euler", "euler_a")
    assert ("DPM++ 2M SDE", "dpmpp_2m_sde") in facts.sampler_aliases


def test_an_unknown_checkpoint_is_told_what_there_is(server: Server) -> None:
    with pytest.raises(UnknownName) as caught:
        engine_of(server, "sd21").identify()
    assert "sd15, sdxl" in caught.value.advice


def test_a_server_that_is_not_there_is_said_and_facts_stand_in() -> None:
    engine = engine_at("http://127.0.0.1:9", "user:secret")

    with pytest.raises(ModelUnavailable) as caught:
        engine.identify()

    assert "RENDERLOCK_URL_A1111" in caught.value.advice
    assert "euler" in engine.capabilities.samplers


@pytest.mark.parametrize(("model", "upscaler"), [("", "R-ESRGAN 4x+"), ("upscaler/Lanczos", "Lanczos")])
def test_it_enlarges_with_the_named_upscaler_or_the_servers_first_model(
    server: Server, model: str, upscaler: str
) -> None:
    engine = engine_of(server, model)
    picture: Pixels = np.full((40, 60, 3), 90, np.uint8)

    render = engine.upscale(picture, 4, Unwatched())

    assert isinstance(engine, UpscalingEngine)
    assert render.pixels.shape == (160, 240, 3)
    assert dict(render.source)["upscaler"] == upscaler


def test_an_enlargement_costs_nothing_in_a_budget_of_any_currency(server: Server, tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        journal = StoreJournal(store, Cost(Decimal(1), "EUR"))
        hosted = HostedOptions({"a1111": server.url}, journal=journal, patience=PATIENCE, connections=CONNECTIONS)
        engine = open_model("", EngineOptions(hosted=hosted, api_key=server.key))
        engine.upscale(np.full((40, 60, 3), 90, np.uint8), 2, Unwatched())

        (call,) = read_book(store).calls.values()
        assert call.standing == "kept"
        assert call.cost is not None
        assert not call.cost.amount


def test_what_it_does_not_enlarge_is_refused_before_anything_is_sent(server: Server) -> None:
    engine = engine_of(server)
    before = len(server.calls)
    with pytest.raises(NotCapable):
        engine.upscale(np.zeros((8, 8, 3), np.uint8), 3, Unwatched())

    assert len(server.calls) == before


def test_an_upscaler_renders_nothing_and_one_that_is_missing_is_said(server: Server) -> None:
    recipe = recipe_of(engine_of(server))
    with pytest.raises(NotCapable):
        engine_of(server, "upscaler/Lanczos").render(recipe, None, Unwatched())
    with pytest.raises(ModelUnavailable, match="no such upscaler"):
        engine_of(server, "upscaler/Magic").identify()
