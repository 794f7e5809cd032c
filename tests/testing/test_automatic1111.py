"""The strict AUTOMATIC1111: its rules, progress and interruption, its upscalers, and running out of memory."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image
from tests.testing.asking import ASKINGS

from renderlock.imaging.decoding import decode_picture
from renderlock.testing import serve
from renderlock.testing.server import Server

ASKING = ASKINGS["automatic1111"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("automatic1111", pictures="sketch") as serving:
        yield serving


def call(server: Server, name: str, body: object | None = None) -> httpx.Response:
    url, headers = f"{server.url}/sdapi/v1/{name}", dict(ASKING.headers(server.key))
    return httpx.get(url, headers=headers) if body is None else httpx.post(url, headers=headers, json=body)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"width": 100}, 422, "width"),
        ({"steps": 0}, 422, "steps"),
        ({"cfg_scale": "7"}, 422, "cfg_scale"),
        ({"prompt": 3}, 422, "prompt"),
        ({"sampler_name": "Fast"}, 404, "Sampler not found"),
        ({"scheduler": "fast"}, 422, "scheduler"),
        ({"override_settings": {"sd_model_checkpoint": "none"}}, 500, "Unknown checkpoint"),
        ({"override_settings": {"sd_checkpoint": "sd15"}}, 422, "sd_checkpoint"),
    ],
)
def test_a_broken_rule_is_answered_as_fastapi_does(
    server: Server, changes: dict[str, object], status: int, words: str
) -> None:
    answer = ASKING.ask(server, **changes)

    assert answer.status_code == status
    assert words in answer.text


def test_a_422_names_the_place_of_the_problem(server: Server) -> None:
    detail = ASKING.ask(server, width=100).json()["detail"][0]
    assert detail["loc"] == ["body", "width"]


def test_info_is_a_text_that_holds_json_and_the_png_carries_parameters(server: Server) -> None:
    answer = ASKING.ask(server, override_settings={"sd_model_checkpoint": "sdxl"})
    info = json.loads(answer.json()["info"])

    with Image.open(io.BytesIO(ASKING.picture(answer))) as picture:
        assert "a red apple" in picture.info["parameters"]
    assert (info["seed"], info["sd_model_name"], info["sd_model_hash"]) == (3, "sdxl", "31e35c80fc")


def test_running_out_of_memory_is_a_500_with_the_exceptions_name() -> None:
    with serve("automatic1111", faults=["out-of-memory"], pictures="sketch") as server:
        answer = ASKING.ask(server)
        accepted = server.accepted

    assert (answer.status_code, answer.json()["error"], accepted) == (500, "OutOfMemoryError", 0)


def test_progress_is_told_while_it_samples_and_is_zero_afterwards() -> None:
    with serve("automatic1111", latency_s=1.5, pictures="sketch") as server, ThreadPoolExecutor(1) as pool:
        coming = pool.submit(ASKING.ask, server, steps=10, force_task_id="mine")
        seen = []
        while not coming.done():
            seen.append(call(server, "progress").json())
            time.sleep(0.05)
        after = call(server, "progress").json()

    steps = [each["state"]["sampling_step"] for each in seen if each["current_task"] == "mine"]
    assert max(steps) > min(steps)
    assert after["current_task"] is None


def test_an_interrupt_ends_sampling_and_the_call_still_answers() -> None:
    with serve("automatic1111", latency_s=30, pictures="sketch") as server, ThreadPoolExecutor(1) as pool:
        coming = pool.submit(ASKING.ask, server, steps=10)
        while not call(server, "progress").json()["state"]["job"]:
            time.sleep(0.02)
        began = time.monotonic()
        call(server, "interrupt", {})
        answer = coming.result(timeout=20)

    assert answer.status_code == 200
    assert time.monotonic() - began < 15


def test_img2img_starts_from_its_picture(server: Server) -> None:
    init = ASKING.picture(ASKING.ask(server))
    body = {**ASKING.body, "init_images": [base64.b64encode(init).decode()], "seed": 9}
    near = call(server, "img2img", {**body, "denoising_strength": 0.05})
    far = call(server, "img2img", {**body, "denoising_strength": 0.95})

    start = decode_picture(init).astype(int)
    distances = [abs(decode_picture(ASKING.picture(each)).astype(int) - start).mean() for each in (near, far)]

    assert distances[0] < distances[1] / 2


def test_the_extras_enlarge_with_an_upscaler_of_the_list(server: Server) -> None:
    image = base64.b64encode(ASKING.picture(ASKING.ask(server))).decode()
    good = call(server, "extra-single-image", {"image": image, "upscaler_1": "Lanczos", "upscaling_resize": 3})
    bad = call(server, "extra-single-image", {"image": image, "upscaler_1": "Magic"})

    assert decode_picture(base64.b64decode(good.json()["image"])).shape == (384, 384, 3)
    assert bad.status_code == 400


@pytest.mark.parametrize("name", ["sd-models", "samplers", "schedulers", "upscalers"])
def test_lists_are_plain_lists_of_objects(server: Server, name: str) -> None:
    listed = call(server, name).json()
    assert listed
    assert all(isinstance(item, dict) for item in listed)


def test_another_checkpoint_can_be_loaded(server: Server) -> None:
    call(server, "options", {"sd_model_checkpoint": "sdxl.safetensors"})
    loaded = call(server, "options").json()["sd_model_checkpoint"]
    call(server, "options", {"sd_model_checkpoint": "sd15.safetensors"})

    assert loaded == "sdxl.safetensors [31e35c80fc]"
