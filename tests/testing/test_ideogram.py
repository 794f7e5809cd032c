"""The strict Ideogram: its rules, its error bodies, and the v2 API with quotes and polling."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.testing.asking import ASKINGS

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import encode_png
from renderlock.testing import serve
from renderlock.testing.ideogram.sizes import V2_SIZES, V3_SIZES
from renderlock.testing.server import Server

PNG = encode_png(np.full((96, 128, 3), 90, np.uint8), {})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("ideogram", pictures="sketch") as serving:
        yield serving


def generate(server: Server, **fields: object) -> httpx.Response:
    return ASKINGS["ideogram"].ask(server, image_request={"prompt": "a red apple", **fields})


def form(server: Server, path: str, fields: dict[str, str], **files: bytes) -> httpx.Response:
    sent = {name: (f"{name}.png", data, "image/png") for name, data in files.items()}
    return httpx.post(f"{server.url}{path}", headers={"Api-Key": server.key}, data=fields, files=sent)


BROKEN = [
    ({"model": "V_9"}, "model"),
    ({"aspect_ratio": "16:9"}, "aspect_ratio"),
    ({"resolution": "RESOLUTION_800_1280"}, "not a legal resolution"),
    ({"resolution": "RESOLUTION_1024_1024", "aspect_ratio": "ASPECT_1_1"}, "both"),
    ({"resolution": "RESOLUTION_1024_1024", "model": "V_1"}, "resolution is not supported for V_1"),
    ({"style_type": "DESIGN", "model": "V_1_TURBO"}, "style_type is not supported"),
    ({"negative_prompt": "text", "model": "V_2A"}, "negative_prompt is not supported"),
    ({"color_palette": {"name": "EMBER"}, "model": "V_2A"}, "color_palette is not supported"),
    ({"color_palette": {"name": "EMBER", "members": [{"color_hex": "#FF0000"}]}}, "exactly one"),
    ({"color_palette": {"members": [{"color_hex": "red"}]}}, "color_hex"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**31}, "seed"),
    ({"seed": "7"}, "seed"),
    ({"num_images": 9}, "num_images"),
    ({"magic_prompt_option": "off"}, "magic_prompt_option"),
    ({"prompt": ""}, "prompt"),
]


@pytest.mark.parametrize(("fields", "words"), BROKEN, ids=[words for _, words in BROKEN])
def test_a_broken_rule_is_400_with_its_words(server: Server, fields: dict[str, object], words: str) -> None:
    answer = generate(server, **fields)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_the_lists_of_sizes_have_their_published_lengths() -> None:
    assert (len(V2_SIZES), len(V3_SIZES)) == (78, 69)


def test_the_picture_has_the_resolution_that_is_answered(server: Server) -> None:
    answer = generate(server, resolution="RESOLUTION_1312_736")
    item = answer.json()["data"][0]

    pixels = decode_picture(httpx.get(item["url"]).content)

    assert item["resolution"] == "1312x736"
    assert pixels.shape == (736, 1312, 3)


def test_the_same_seed_gives_the_same_picture_and_all_of_one_call_are_equal(server: Server) -> None:
    items = generate(server, seed=5, num_images=2).json()["data"] + generate(server, seed=5).json()["data"]
    other = generate(server, seed=6).json()["data"]

    pictures = [httpx.get(item["url"]).content for item in items]

    assert pictures[0] == pictures[1] == pictures[2]
    assert httpx.get(other[0]["url"]).content != pictures[0]
    assert [item["seed"] for item in items] == [5, 5, 5]


def test_a_blocked_prompt_is_422_and_a_used_up_account_402() -> None:
    with serve("ideogram", faults=["prompt-blocked", "payment-required:nth=2"], pictures="sketch") as server:
        answers = [generate(server) for _ in range(2)]
        accepted = server.accepted

    assert [answer.status_code for answer in answers] == [422, 402]
    assert "safety" in answers[0].json()["error"]
    assert answers[1].json()["reject_reason"] == "insufficient_funds"
    assert accepted == 0


@pytest.mark.parametrize(("fault", "safe"), [("unsafe", [False, False]), ("one-filtered", [False, True])])
def test_an_unsafe_picture_is_a_200_without_a_link_and_is_billed(fault: str, safe: list[bool]) -> None:
    with serve("ideogram", faults=[fault], pictures="sketch") as server:
        items = generate(server, num_images=2).json()["data"]
        accepted = server.accepted

    assert [item["is_image_safe"] for item in items] == safe
    assert [item["url"] is None for item in items] == [not each for each in safe]
    assert accepted == 2


def test_a_retired_model_is_404_and_an_ending_one_says_so_in_headers() -> None:
    with serve("ideogram", faults=["retired-model", "deprecation-headers:nth=2"], pictures="sketch") as server:
        gone, ending = (generate(server) for _ in range(2))

    assert gone.status_code == 404
    assert ending.headers["deprecation"].startswith("@")
    assert 'rel="successor-version"' in ending.headers["link"]
    assert "deprecated" in ending.json()["notice"]


def test_the_limit_counts_pictures_and_says_so() -> None:
    with serve("ideogram", pictures="sketch", concurrency=3) as server:
        answer = generate(server, num_images=4)

    assert answer.status_code == 429
    assert answer.json() == {
        "error": "Too many requests in flight.",
        "reject_reason": "inflight_limit",
        "max_inflight_requests": 3,
    }


def test_remix_starts_from_its_picture(server: Server) -> None:
    request = json.dumps({"prompt": "a pear", "image_weight": 99, "seed": 3})
    answer = form(server, "/remix", {"image_request": request}, image_file=PNG)

    pixels = decode_picture(httpx.get(answer.json()["data"][0]["url"]).content)

    assert abs(pixels.mean() - 90) < 8


def test_upscale_doubles_and_says_so(server: Server) -> None:
    answer = form(server, "/upscale", {"image_request": "{}"}, image_file=PNG)

    assert answer.json()["data"][0]["upscaled_resolution"] == "256x192"


def test_edit_and_describe_take_their_files(server: Server) -> None:
    edit = form(server, "/edit", {"prompt": "a hat", "model": "V_2", "seed": "3"}, image_file=PNG, mask=PNG)
    described = form(server, "/describe", {"describe_model_version": "V_2"}, image_file=PNG)

    assert edit.json()["data"][0]["seed"] == 3
    assert "128 by 96" in described.json()["descriptions"][0]["text"]


@pytest.mark.parametrize(
    ("path", "fields", "files", "words"),
    [
        ("/remix", {"image_request": "{}"}, {"image_file": PNG}, "prompt"),
        ("/remix", {"image_request": '{"prompt": "x", "image_weight": 0}'}, {"image_file": PNG}, "image_weight"),
        ("/remix", {"image_request": '{"prompt": "x"}'}, {"other": PNG}, "image_file"),
        ("/remix", {"image_request": '{"prompt": "x"}', "seed": "3"}, {"image_file": PNG}, "exactly this"),
        ("/remix", {"image_request": "{"}, {"image_file": PNG}, "not JSON"),
        ("/upscale", {"image_request": '{"detail": 101}'}, {"image_file": PNG}, "detail"),
        ("/upscale", {"image_request": "{}"}, {"image_file": b"GIF89a"}, "not a JPEG, PNG or WebP"),
        ("/upscale", {"image_request": "{}"}, {"image_file": PNG, "other": PNG}, "other"),
        ("/edit", {"prompt": "x", "model": "V_1"}, {"image_file": PNG, "mask": PNG}, "model"),
        ("/edit", {"prompt": "x", "model": "V_2"}, {"image_file": PNG}, "mask"),
        ("/describe", {"describe_model_version": "V_1"}, {"image_file": PNG}, "describe_model_version"),
    ],
)
def test_forms_are_as_strict(
    server: Server, path: str, fields: dict[str, str], files: dict[str, bytes], words: str
) -> None:
    answer = form(server, path, fields, **files)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_file_above_ten_megabytes_is_413(server: Server) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", compress_level=0)

    assert form(server, "/upscale", {"image_request": "{}"}, image_file=buffer.getvalue()).status_code == 413


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"resolution": "768x1152"}, "not a legal resolution"),
        ({"aspect_ratio": "16:9"}, "aspect_ratio"),
        ({"resolution": "1024x1024", "aspect_ratio": "1x1"}, "both"),
        ({"rendering_speed": "SLOW"}, "rendering_speed"),
        ({"style_codes": ["abcd"]}, "style_codes"),
        ({"model": "V_3"}, "model"),
    ],
)
def test_v3_has_rules_of_its_own(server: Server, fields: dict[str, object], words: str) -> None:
    url = f"{server.url}/v1/ideogram-v3/generate"
    answer = httpx.post(url, headers={"Api-Key": server.key}, json={"prompt": "x", **fields})

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_v3_takes_json_and_forms(server: Server) -> None:
    url, headers = f"{server.url}/v1/ideogram-v3/generate", {"Api-Key": server.key}
    as_json = httpx.post(url, headers=headers, json={"prompt": "x", "seed": 3, "resolution": "800x1280"})
    as_form = httpx.post(url, headers=headers, files={"prompt": (None, "x"), "seed": (None, "3")})

    assert as_json.json()["data"][0]["resolution"] == "800x1280"
    assert as_form.json()["data"][0]["seed"] == 3


def test_a_dry_run_quotes_and_makes_nothing(server: Server) -> None:
    before = server.accepted
    url = f"{server.url}/v2/image/generate/ideogram-2?dry_run=true"
    quote = httpx.post(url, headers={"Api-Key": server.key}, json={"prompt": "x", "num_images": 3}).json()

    assert (quote["object"], quote["quantity"], quote["usd_micros"]) == ("price_quote", 3, 240_000)
    assert server.accepted == before


def test_an_asynchronous_generation_is_polled_until_it_is_complete() -> None:
    with serve("ideogram", latency_s=1.5, pictures="sketch") as server:
        headers = {"Api-Key": server.key}
        url = f"{server.url}/v2/image/generate/ideogram-2"
        started = httpx.post(url, headers=headers, json={"prompt": "x", "async": True}).json()
        states = poll(f"{server.url}/v2/generations/{started['generation_id']}", headers)

    assert "data" not in started
    assert states[0]["status"] == "pending"
    assert states[-1]["status"] == "completed"
    assert states[-1]["data"][0]["object_type"] == "image"  # type: ignore[index]  # plain JSON


def test_a_generation_that_fails_later_is_not_billed() -> None:
    with serve("ideogram", faults=["failed-later"], pictures="sketch") as server:
        headers = {"Api-Key": server.key}
        url = f"{server.url}/v2/image/generate/ideogram-2"
        started = httpx.post(url, headers=headers, json={"prompt": "x", "async": True}).json()
        states = poll(f"{server.url}/v2/generations/{started['generation_id']}", headers)
        accepted = server.accepted

    assert (states[-1]["status"], accepted) == ("failed", 0)
    assert states[-1]["failure_reason"]


def test_an_unknown_generation_and_an_unknown_model_are_404(server: Server) -> None:
    headers = {"Api-Key": server.key}
    polled = httpx.get(f"{server.url}/v2/generations/none", headers=headers)
    called = httpx.post(f"{server.url}/v2/image/generate/ideogram-99", headers=headers, json={"prompt": "x"})

    assert (polled.status_code, called.status_code) == (404, 404)


def poll(url: str, headers: dict[str, str]) -> list[dict[str, object]]:
    """Every state of a generation until it ends."""
    states: list[dict[str, object]] = []
    for _ in range(200):
        states.append(httpx.get(url, headers=headers).json())
        if states[-1]["status"] != "pending":
            break
        time.sleep(0.05)
    return states


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/ideogram-v3/generate", {"style_type": "FICTION"}, 200),
        ("/v1/ideogram-v3/generate", {"style_type": "ANIME"}, 400),
        ("/v1/ideogram-v3/generate", {"color_palette": {"members": [{"color_hex": "#abc"}]}}, 200),
        ("/v1/ideogram-v3/generate", {"color_palette": {"members": [{"color_hex": "#abc"}] * 9}}, 400),
        ("/v2/image/generate/ideogram-2", {"style_type": "anime", "aspect_ratio": "4x5", "private": None}, 200),
        ("/v2/image/generate/ideogram-2", {"style_type": "fiction"}, 400),
        ("/v2/image/generate/ideogram-2", {"enable_copyright_detection": True, "webhook_url": "https://a"}, 200),
    ],
)
def test_what_the_providers_own_schema_says_of_styles_palettes_and_v2_fields(
    server: Server, path: str, body: dict[str, object], status: int
) -> None:
    headers = {"Api-Key": server.key}

    answer = httpx.post(f"{server.url}{path}", json={"prompt": "a star", **body}, headers=headers, timeout=30)

    assert answer.status_code == status, answer.text
