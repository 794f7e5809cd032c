"""The strict OpenAI images API, and how four other servers differ from it."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import encode_png
from renderlock.testing import serve
from renderlock.testing.server import Server

PNG = encode_png(np.full((96, 128, 3), 90, np.uint8), {})


@pytest.fixture(scope="module")
def official() -> Iterator[Server]:
    with serve("openai", pictures="sketch") as serving:
        yield serving


def generate(server: Server, **fields: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.key}"}
    return httpx.post(f"{server.url}/v1/images/generations", headers=headers, json={"prompt": "a red apple", **fields})


def picture(answer: httpx.Response) -> bytes:
    item = answer.json()["data"][0]
    return base64.b64decode(item["b64_json"]) if "b64_json" in item else httpx.get(item["url"]).content


@pytest.mark.parametrize("field", ["seed", "response_format", "negative_prompt", "num_inference_steps"])
def test_openai_refuses_what_servers_of_ones_own_take(official: Server, field: str) -> None:
    error = generate(official, model="gpt-image-2", **{field: 1}).json()["error"]

    assert (error["code"], error["param"]) == ("unknown_parameter", field)


@pytest.mark.parametrize("size", ["1000x1000", "512x1552", "4096x1024", "3840x2176", "1024", "0x16"])
def test_sizes_are_multiples_of_16_within_a_ratio_and_a_most(official: Server, size: str) -> None:
    assert generate(official, model="gpt-image-2", size=size).json()["error"]["code"] == "invalid_value"


def test_the_longest_legal_sizes_are_taken(official: Server) -> None:
    answer = generate(official, model="gpt-image-2", size="3840x1280")
    assert decode_picture(picture(answer)).shape == (1280, 3840, 3)


def test_openai_answers_bytes_in_the_asked_format_with_its_usage(official: Server) -> None:
    answer = generate(official, model="gpt-image-2", size="512x512", output_format="webp", n=2).json()

    assert base64.b64decode(answer["data"][0]["b64_json"])[8:12] == b"WEBP"
    assert len(answer["data"]) == 2
    assert answer["usage"]["total_tokens"] > 0


def test_retired_and_unknown_models_are_not_found(official: Server) -> None:
    error = generate(official, model="dall-e-3").json()["error"]
    assert error["code"] == "model_not_found"


def test_a_used_up_quota_is_a_429_of_its_own_and_a_blocked_prompt_a_400() -> None:
    with serve("openai", faults=["payment-required", "prompt-blocked:nth=2"], pictures="sketch") as server:
        quota, blocked = (generate(server, model="gpt-image-2") for _ in range(2))

    assert (quota.status_code, quota.json()["error"]["code"]) == (429, "insufficient_quota")
    assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "moderation_blocked")


@pytest.mark.parametrize("name", ["vllm-omni", "sglang"])
def test_a_top_level_seed_pins_the_picture_where_it_is_honoured(name: str) -> None:
    with serve(name, pictures="sketch") as server:
        pictures = [picture(generate(server, seed=seed, size="256x256")) for seed in (7, 7, 8)]

    assert pictures[0] == pictures[1] != pictures[2]


def test_sd_server_reads_its_controls_out_of_the_prompt() -> None:
    with serve("sd-cpp", pictures="sketch") as server:
        refused = generate(server, seed=7)
        prompts = [f'a red apple <sd_cpp_extra_args>{{"seed": {seed}}}</sd_cpp_extra_args>' for seed in (7, 7, 8)]
        pictures = [picture(generate(server, prompt=prompt)) for prompt in prompts]
        unknown = generate(server, prompt='x <sd_cpp_extra_args>{"sead": 1}</sd_cpp_extra_args>')
        broken = generate(server, prompt="x <sd_cpp_extra_args>{</sd_cpp_extra_args>")

    assert refused.status_code == 400
    assert pictures[0] == pictures[1] != pictures[2]
    assert "sead" in unknown.text
    assert "not JSON" in broken.text


@pytest.mark.parametrize(("name", "answer"), [("sglang", "url"), ("localai", "url"), ("vllm-omni", "b64_json")])
def test_each_server_answers_in_its_own_way_by_default(name: str, answer: str) -> None:
    with serve(name, pictures="sketch") as server:
        by_default = generate(server, size="256x256").json()["data"][0]
        as_bytes = generate(server, size="256x256", response_format="b64_json").json()["data"][0]

    assert list(by_default) == [answer]
    assert list(as_bytes) == ["b64_json"]


def test_servers_of_ones_own_check_only_the_key_that_is_sent() -> None:
    with serve("vllm-omni", pictures="sketch") as server:
        url, body = f"{server.url}/v1/images/generations", {"prompt": "x", "size": "256x256"}
        without = httpx.post(url, json=body)
        wrong = httpx.post(url, json=body, headers={"Authorization": "Bearer wrong"})

    assert (without.status_code, wrong.status_code) == (200, 401)


def edit(server: Server, fields: dict[str, str], **files: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.key}"}
    sent = {name: (f"{name}.png", data, "image/png") for name, data in files.items()}
    return httpx.post(f"{server.url}/v1/images/edits", headers=headers, data=fields, files=sent)


def test_edits_follow_picture_and_strength_where_there_is_one() -> None:
    with serve("sd-cpp", pictures="sketch") as server:
        marked = '<sd_cpp_extra_args>{"seed": 7, "strength": 0.05}</sd_cpp_extra_args>'
        near = decode_picture(picture(edit(server, {"prompt": f"x {marked}", "size": "128x96"}, image=PNG)))
        far = decode_picture(picture(edit(server, {"prompt": "x", "size": "128x96"}, image=PNG)))

    assert abs(near.astype(int) - 90).mean() < 10 < abs(far.astype(int) - 90).mean()


@pytest.mark.parametrize(
    ("fields", "files", "words"),
    [
        ({"prompt": "x", "model": "gpt-image-2", "strength": "0.5"}, {"image": PNG}, "strength"),
        ({"prompt": "x", "model": "gpt-image-2"}, {"mask": PNG}, "image"),
        ({"prompt": "x", "model": "gpt-image-2"}, {"image": b"nothing"}, "Invalid image file"),
        ({"prompt": "x", "model": "gpt-image-2"}, {"image": PNG, "control": PNG}, "control"),
    ],
)
def test_edits_are_as_strict(official: Server, fields: dict[str, str], files: dict[str, bytes], words: str) -> None:
    answer = edit(official, fields, **files)

    assert answer.status_code == 400
    assert words in answer.text


def test_models_are_listed(official: Server) -> None:
    headers = {"Authorization": f"Bearer {official.key}"}
    listed = httpx.get(f"{official.url}/v1/models", headers=headers).json()["data"]
    missing = httpx.get(f"{official.url}/v1/models/dall-e-3", headers=headers)

    assert "gpt-image-2" in [model["id"] for model in listed]
    assert missing.status_code == 404
