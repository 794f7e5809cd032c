"""The ComfyUI adapter at work: progress, stopping, resuming by id, running out of memory, init pictures, identity."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.engines.comfyui.workflows import IMAGE_TO_IMAGE, TEXT_TO_IMAGE, written

from renderlock.actions.calls.journal import StoreJournal
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.comfyui.engine import ComfyUIEngine, open_model
from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.journal import Journal, Unjournalled, Work
from renderlock.engines.hosted.options import HostedOptions, Patience
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import ModelUnavailable, OutOfMemory, ProviderFailed, RequestRefused
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Init, Recipe
from renderlock.store import Store
from renderlock.testing import serve
from renderlock.testing.server import Server

PATIENCE = Patience(connect_s=2.0, answer_s=5.0, attempts=2, retry_s=4.0, wait_s=0.01)


class Recorder:
    """Notes each step once; stops the render at one, as Ctrl-C does."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.steps: list[int] = []
        self._stop_at = stop_at

    def on_step(self, done: int, steps: int) -> None:
        if done and done not in self.steps[-1:]:
            self.steps.append(done)
        if done == self._stop_at:
            raise KeyboardInterrupt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path, TEXT_TO_IMAGE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "store") as opened:
        yield opened


CONNECTIONS = Connections()


@pytest.fixture(autouse=True)
def connections_are_closed() -> Iterator[None]:
    yield
    CONNECTIONS.close()


def engine_of(server: Server, path: Path, store: Store | None = None) -> ComfyUIEngine:
    return engine_at(server.url, path, Unjournalled() if store is None else StoreJournal(store))


def engine_at(url: str, path: Path, journal: Journal) -> ComfyUIEngine:
    hosted = HostedOptions(urls={"comfyui": url}, journal=journal, patience=PATIENCE, connections=CONNECTIONS)
    return open_model(str(path), EngineOptions(hosted=hosted))


def recipe_of(engine: ComfyUIEngine, seed: int = 7) -> Recipe:
    request = Request("a red apple", seed, negative_prompt="text")
    return resolve(request, engine.identify(), engine.capabilities, "refuse").recipe


def posts(server: Server) -> list[str]:
    return [call.path for call in server.calls if call.method == "POST"]


@pytest.mark.parametrize("faults", [[], ["no-socket"], ["cut-socket:on=generate"]], ids=["socket", "polling", "cut"])
def test_every_step_is_told_once_and_in_order_however_the_news_comes(path: Path, faults: list[str]) -> None:
    watch = Recorder()
    with serve("comfyui", faults=faults, latency_s=0.2, pictures="sketch") as server:
        engine = engine_of(server, path)
        render = engine.render(recipe_of(engine), None, watch)

    assert watch.steps == [1, 2, 3, 4]
    assert render.pixels.shape == (128, 128, 3)


def test_the_placeholders_are_filled_with_values_of_their_own_kind(path: Path) -> None:
    with serve("comfyui", pictures="sketch") as server:
        engine = engine_of(server, path)
        engine.render(recipe_of(engine), None, Unwatched())
        body = next(call.body for call in server.calls if call.path == "/prompt")

    assert isinstance(body, dict)
    graph = body["prompt"]
    assert graph["6"]["inputs"]["text"] == "a red apple, studio light"
    assert graph["7"]["inputs"]["text"] == "text"
    sampler = {name: graph["3"]["inputs"][name] for name in ("seed", "steps", "cfg", "sampler_name")}
    assert sampler == {"seed": 7, "steps": 4, "cfg": 6.5, "sampler_name": "dpmpp_2m"}
    assert body["prompt_id"] == body["client_id"] == str(uuid.UUID(body["prompt_id"]))


def test_a_stopped_render_interrupts_its_own_prompt_and_is_made_anew_the_next_time(path: Path, store: Store) -> None:
    with serve("comfyui", latency_s=1.0, pictures="sketch") as server:
        engine = engine_of(server, path, store)
        recipe = recipe_of(engine)
        with pytest.raises(KeyboardInterrupt):
            engine.render(recipe, None, Recorder(stop_at=2))
        stopped = posts(server)
        prompt = next(call.body for call in server.calls if call.path == "/prompt")
        told = next(call.body for call in server.calls if call.path == "/interrupt")
        render = engine.render(recipe, None, Unwatched())

    assert stopped == ["/prompt", "/queue", "/interrupt"]
    assert isinstance(prompt, dict)
    assert told == {"prompt_id": prompt["prompt_id"]}
    assert render.pixels.shape == (128, 128, 3)


def test_a_prompt_of_a_killed_run_is_asked_for_by_its_id_and_not_made_again(path: Path, store: Store) -> None:
    with serve("comfyui", latency_s=0.2, pictures="sketch") as server:
        engine = engine_of(server, path, store)
        recipe = recipe_of(engine)
        killed = str(uuid.uuid4())
        work = Work(recipe.digest, engine.model.reference, "killed")
        StoreJournal(store).intend(work, Cost.parse("0 USD"), call=killed, resume=killed)
        filled = engine._workflow.filled(values_of(recipe))
        httpx.post(f"{server.url}/prompt", json={"prompt": filled, "prompt_id": killed})

        render = engine.render(recipe, None, Unwatched())
        accepted, sent = server.accepted, posts(server)

    assert (accepted, sent) == (1, ["/prompt"])
    assert dict(render.source)["request_id"] == killed


def values_of(recipe: Recipe) -> dict[str, str | int | float]:
    """A recipe's values under the placeholders' names."""
    return {
        "prompt": recipe.prompt,
        "negative_prompt": recipe.negative_prompt,
        "seed": recipe.seed,
        "width": recipe.size.width,
        "height": recipe.size.height,
        "steps": recipe.steps or 0,
        "guidance_scale": recipe.guidance_scale or 0.0,
        "sampler": "dpmpp_2m",
    }


def test_a_prompt_that_the_server_has_forgotten_is_sent_again(path: Path, store: Store) -> None:
    with serve("comfyui", pictures="sketch") as server:
        engine = engine_of(server, path, store)
        recipe = recipe_of(engine)
        lost = str(uuid.uuid4())
        work = Work(recipe.digest, engine.model.reference, "lost")
        StoreJournal(store).intend(work, Cost.parse("0 USD"), call=lost, resume=lost)

        render = engine.render(recipe, None, Unwatched())

    assert dict(render.source)["request_id"] != lost


@pytest.mark.parametrize("fault", ["cut-before-answer", "garbage-json", "slow-answer:seconds=8"])
def test_a_prompt_whose_answer_is_lost_is_found_in_the_queue(path: Path, fault: str) -> None:
    with serve("comfyui", faults=[fault], pictures="sketch") as server:
        engine = engine_of(server, path)
        engine.render(recipe_of(engine), None, Unwatched())
        assert server.accepted == 1


def test_running_out_of_memory_frees_the_server_and_is_ours_to_handle(path: Path, store: Store) -> None:
    with serve("comfyui", faults=["out-of-memory"], pictures="sketch") as server:
        engine = engine_of(server, path, store)
        recipe = recipe_of(engine)
        with pytest.raises(OutOfMemory, match="KSampler"):
            engine.render(recipe, None, Unwatched())
        freed = next(call.body for call in server.calls if call.path == "/free")
        render = engine.render(recipe, None, Unwatched())

    assert freed == {"unload_models": True, "free_memory": True}
    assert render.pixels.shape == (128, 128, 3)


def test_dropped_outputs_and_failing_nodes_are_named(path: Path) -> None:
    with serve("comfyui", faults=["node-errors", "execution-error:nth=2"], pictures="sketch") as server:
        engine = engine_of(server, path)
        with pytest.raises(RequestRefused, match=r"node 9 \(SaveImage\): Value not in list"):
            engine.render(recipe_of(engine), None, Unwatched())
        with pytest.raises(ProviderFailed, match=r"node 3 \(KSampler\): RuntimeError: mat1 and mat2"):
            engine.render(recipe_of(engine), None, Unwatched())


def test_a_workflow_that_the_server_refuses_says_which_node(tmp_path: Path) -> None:
    graph = json.loads(json.dumps(TEXT_TO_IMAGE))
    graph["4"]["inputs"]["ckpt_name"] = "missing.safetensors"
    path = written(tmp_path, graph)
    with serve("comfyui", pictures="sketch") as server:
        engine = engine_of(server, path)
        with pytest.raises(RequestRefused, match=r"node 4 \(CheckpointLoaderSimple\): Value not in list"):
            engine.render(recipe_of(engine), None, Unwatched())


def test_the_stored_bytes_hold_no_workflow(path: Path) -> None:
    with serve("comfyui", pictures="sketch") as server:
        engine = engine_of(server, path)
        render = engine.render(recipe_of(engine), None, Unwatched())

    assert render.original is not None
    assert b"KSampler" not in render.original[0]


def test_img2img_follows_the_init_picture_and_the_strength_and_does_without_one(tmp_path: Path) -> None:
    path = written(tmp_path, IMAGE_TO_IMAGE)
    init = np.full((128, 128, 3), (200, 40, 40), np.uint8)
    with serve("comfyui", pictures="sketch") as server:
        engine = engine_of(server, path)
        recipe = recipe_of(engine)
        pictures = [
            engine.render(replace(recipe, init=Init(digest_pixels(init), strength)), init, Unwatched()).pixels
            for strength in (0.1, 0.9)
        ]
        alone = engine.render(recipe, None, Unwatched()).pixels

    distances = [np.abs(pixels.astype(int) - init).mean() for pixels in pictures]
    assert engine.capabilities.img2img
    assert distances[0] < distances[1]
    assert alone.shape == (128, 128, 3)


def test_the_identity_is_the_workflows_content_and_the_servers_hashes(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT_TO_IMAGE)
    with serve("comfyui", pictures="sketch") as server:
        before = engine_of(server, path).identify()
        path.write_text(json.dumps(TEXT_TO_IMAGE, indent=4, sort_keys=True))
        reformatted = engine_of(server, path).identify()
        graph = json.loads(json.dumps(TEXT_TO_IMAGE))
        graph["3"]["inputs"]["scheduler"] = "karras"
        changed = engine_of(server, written(tmp_path, graph)).identify()

    assert reformatted == before
    assert changed.key != before.key
    assert [name for name, _ in before.files] == ["checkpoints/sd15.safetensors (asset hash)", "workflow.json"]


def test_a_server_that_is_not_there_is_said_with_what_to_do(path: Path) -> None:
    engine = engine_at("http://127.0.0.1:9", path, Unjournalled())

    with pytest.raises(ModelUnavailable) as caught:
        engine.identify()

    assert "RENDERLOCK_URL_COMFYUI" in caught.value.advice
    assert engine.capabilities.samplers == ("dpmpp_2m",)


def test_probing_names_nodes_that_the_server_does_not_have(tmp_path: Path) -> None:
    graph = {**TEXT_TO_IMAGE, "10": {"class_type": "MagicNode", "inputs": {}}}
    with serve("comfyui", pictures="sketch") as server:
        engine = engine_of(server, written(tmp_path, graph))
        with pytest.raises(ModelUnavailable, match="MagicNode"):
            engine.probe()
        assert server.accepted == 0
