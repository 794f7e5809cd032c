"""The strict Imagen and Gemini: which API takes what, both spellings of fields, and every way to give no picture."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from tests.testing.asking import ASKINGS

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import encode_png
from renderlock.testing import serve
from renderlock.testing.server import Server

PNG = base64.b64encode(encode_png(np.full((96, 128, 3), 90, np.uint8), {})).decode()
EXPRESS = "/v1beta1/publishers/google/models"
PROJECT = "/v1/projects/p/locations/us-central1/publishers/google/models"
UNSEEN = {"addWatermark": False, "enhancePrompt": False}


@pytest.fixture(scope="module")
def imagen() -> Iterator[Server]:
    with serve("imagen", pictures="sketch") as serving:
        yield serving


@pytest.fixture(scope="module")
def gemini() -> Iterator[Server]:
    with serve("gemini", pictures="sketch") as serving:
        yield serving


def predict(
    server: Server, parameters: dict[str, object], where: str = "/v1beta/models", **body: object
) -> httpx.Response:
    url = f"{server.url}{where}/imagen-4.0-generate-001:predict"
    sent = {"instances": [{"prompt": "a red apple"}], "parameters": parameters}
    return httpx.post(url, headers={"x-goog-api-key": server.key}, json=sent)


def content(server: Server, config: dict[str, object], model: str = "gemini-3.1-flash-image") -> httpx.Response:
    url = f"{server.url}/v1beta/models/{model}:generateContent"
    body = {"contents": [{"role": "user", "parts": [{"text": "a red apple"}]}], "generationConfig": config}
    return httpx.post(url, headers={"x-goog-api-key": server.key}, json=body)


@pytest.mark.parametrize("field", ["seed", "negativePrompt", "addWatermark", "enhancePrompt", "storageUri", "bogus"])
def test_the_gemini_api_takes_few_fields_of_imagen(imagen: Server, field: str) -> None:
    answer = predict(imagen, {field: 1})
    error = answer.json()["error"]

    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert f"Unknown name \"{field}\" at 'parameters'" in error["message"]
    assert error["details"][0]["fieldViolations"][0]["field"] == f"parameters.{field}"


@pytest.mark.parametrize(
    "parameters",
    [
        {"sampleCount": 5},
        {"sampleCount": 0},
        {"aspectRatio": "2:1"},
        {"sampleImageSize": "4K"},
        {"safetySetting": "BLOCK_ALL"},
        {"personGeneration": "ALLOW_SOME"},
        {"outputOptions": {"mimeType": "image/webp"}},
        {"outputOptions": {"mimeType": "image/png", "compressionQuality": 80}},
    ],
)
def test_wrong_values_are_invalid_arguments(imagen: Server, parameters: dict[str, object]) -> None:
    assert predict(imagen, parameters).json()["error"]["status"] == "INVALID_ARGUMENT"


def test_a_seed_needs_the_watermark_off(imagen: Server) -> None:
    refused = predict(imagen, {"seed": 7}, EXPRESS)
    taken = predict(imagen, {"seed": 7, **UNSEEN}, EXPRESS)

    assert "watermark" in refused.json()["error"]["message"]
    assert taken.status_code == 200


@pytest.mark.parametrize("where", [EXPRESS, PROJECT])
def test_a_seed_pins_the_pictures_unless_the_prompt_is_enhanced(imagen: Server, where: str) -> None:
    pinned = [predict(imagen, {"seed": 7, "sampleCount": 2, **UNSEEN}, where).json() for _ in range(2)]
    enhanced = [predict(imagen, {"seed": 7, "addWatermark": False}, where).json() for _ in range(2)]

    assert pinned[0] == pinned[1]
    assert pinned[0]["predictions"][0] != pinned[0]["predictions"][1]
    assert enhanced[0]["predictions"][0]["bytesBase64Encoded"] != enhanced[1]["predictions"][0]["bytesBase64Encoded"]
    assert enhanced[0]["predictions"][0]["prompt"] != "a red apple"


def test_both_spellings_of_a_field_are_taken(imagen: Server) -> None:
    answer = predict(imagen, {"sample_count": 1, "aspect_ratio": "16:9", "output_options": {"mime_type": "image/jpeg"}})
    item = answer.json()["predictions"][0]

    assert item["mimeType"] == "image/jpeg"
    assert decode_picture(base64.b64decode(item["bytesBase64Encoded"])).shape == (768, 1408, 3)


def test_vertex_takes_a_bearer_token_and_the_gemini_api_does_not(imagen: Server) -> None:
    body = {"instances": [{"prompt": "x"}], "parameters": {}}
    headers = {"Authorization": f"Bearer {imagen.key}"}
    vertex = httpx.post(f"{imagen.url}{PROJECT}/imagen-4.0-generate-001:predict", headers=headers, json=body)
    api = httpx.post(f"{imagen.url}/v1beta/models/imagen-4.0-generate-001:predict", headers=headers, json=body)

    assert (vertex.status_code, api.status_code) == (200, 403)


@pytest.mark.parametrize(
    ("where", "status", "words"),
    [("/v1beta/models", 400, "API key not valid"), (EXPRESS, 401, "invalid authentication credentials")],
)
def test_a_wrong_key_is_refused_as_each_api_does(imagen: Server, where: str, status: int, words: str) -> None:
    url = f"{imagen.url}{where}/imagen-4.0-generate-001:predict"
    answer = httpx.post(url, headers={"x-goog-api-key": "wrong"}, json={})

    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(("reason", "count"), [(True, 2), (False, 1)])
def test_a_filtered_picture_is_named_only_where_the_reason_is_asked_for(reason: bool, count: int) -> None:
    with serve("imagen", faults=["one-filtered"], pictures="sketch") as server:
        predictions = predict(server, {"sampleCount": 2, "includeRaiReason": reason}).json()["predictions"]

    assert len(predictions) == count
    assert ("raiFilteredReason" in predictions[0]) == reason


def test_when_all_are_filtered_the_answer_is_empty() -> None:
    with serve("imagen", faults=["all-filtered"], pictures="sketch") as server:
        assert predict(server, {"sampleCount": 2}).json() == {}


def test_safety_attributes_come_with_a_prediction_that_is_no_picture(imagen: Server) -> None:
    predictions = predict(imagen, {"sampleCount": 1, "includeSafetyAttributes": True}).json()["predictions"]

    assert predictions[-1]["contentType"] == "Positive Prompt"
    assert "bytesBase64Encoded" not in predictions[-1]


@pytest.mark.parametrize(
    ("where", "words"), [("/v1beta/models", "Call ListModels"), (EXPRESS, "does not have access to it")]
)
def test_a_retired_model_is_not_found(where: str, words: str) -> None:
    with serve("imagen", faults=["retired-model"], pictures="sketch") as server:
        answer = predict(server, {}, where)

    assert answer.status_code == 404
    assert words in answer.json()["error"]["message"]


def test_a_rate_limit_tells_when_to_come_back_in_its_details() -> None:
    with serve("imagen", faults=["rate-limit-retry-info:seconds=0.25"], pictures="sketch") as server:
        error = predict(server, {}).json()["error"]

    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["retryDelay"] == "0.25s"


def upscale(server: Server, config: dict[str, object], where: str = EXPRESS) -> httpx.Response:
    url = f"{server.url}{where}/imagen-4.0-upscale-preview:predict"
    body = {
        "instances": [{"image": {"bytesBase64Encoded": PNG, "mimeType": "image/png"}, "prompt": ""}],
        "parameters": {"mode": "upscale", "sampleCount": 1, "upscaleConfig": config},
    }
    return httpx.post(url, headers={"x-goog-api-key": server.key}, json=body)


def test_the_upscaler_multiplies_both_sides_on_vertex_only(imagen: Server) -> None:
    item = upscale(imagen, {"upscaleFactor": "x4"}).json()["predictions"][0]

    assert decode_picture(base64.b64decode(item["bytesBase64Encoded"])).shape == (384, 512, 3)
    assert upscale(imagen, {"upscaleFactor": "x2"}, "/v1beta/models").status_code == 404
    assert upscale(imagen, {"upscaleFactor": "x8"}).status_code == 400


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("gemini-2.5-flash-image", {"imageConfig": {"imageSize": "1K"}}),
        ("gemini-2.5-flash-image", {"imageConfig": {"aspectRatio": "1:8"}}),
        ("gemini-2.5-flash-image", {"thinkingConfig": {"thinkingLevel": "HIGH"}}),
        ("gemini-3.1-flash-lite-image", {"imageConfig": {"imageSize": "2K"}}),
        ("gemini-nano-banana-2.1", {"imageConfig": {"imageSize": "512"}}),
        ("gemini-3-pro-image", {"imageConfig": {"aspectRatio": "4:1"}}),
        ("gemini-3.1-flash-image", {"thinkingConfig": {"thinkingLevel": "MEDIUM"}}),
        ("gemini-3.1-flash-image", {"imageConfig": {"personGeneration": "ALLOW_ALL"}}),
        ("gemini-3.1-flash-image", {"responseModalities": ["TEXT"]}),
        ("gemini-3.1-flash-image", {"candidateCount": 2}),
        ("gemini-3.1-flash-image", {"seed": 2**31}),
        ("gemini-3.1-flash-image", {"numberOfImages": 2}),
    ],
)
def test_each_gemini_model_takes_its_own_sizes_and_fields(
    gemini: Server, model: str, config: dict[str, object]
) -> None:
    assert content(gemini, config, model).json()["error"]["status"] == "INVALID_ARGUMENT"


def test_a_text_comes_before_the_picture_unless_only_pictures_are_asked_for(gemini: Server) -> None:
    both = content(gemini, {}).json()["candidates"][0]["content"]["parts"]
    alone = content(gemini, {"responseModalities": ["IMAGE"]}).json()["candidates"][0]["content"]["parts"]

    assert [list(part) for part in both] == [["text"], ["inlineData"]]
    assert [list(part) for part in alone] == [["inlineData"]]


def test_thoughts_hold_a_draft_that_is_marked(gemini: Server) -> None:
    config: dict[str, object] = {"thinkingConfig": {"thinking_level": "minimal", "includeThoughts": True}}
    parts = content(gemini, config).json()["candidates"][0]["content"]["parts"]

    assert [part.get("thought", False) for part in parts] == [True, True, False, False]


def test_a_gemini_seed_is_taken_and_pins_nothing(gemini: Server) -> None:
    pictures = {ASKINGS["gemini"].picture(content(gemini, {"seed": 7})) for _ in range(2)}
    assert len(pictures) == 2


def test_the_size_follows_ratio_and_tier(gemini: Server) -> None:
    config: dict[str, object] = {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}}
    assert decode_picture(ASKINGS["gemini"].picture(content(gemini, config))).shape == (1536, 2752, 3)


@pytest.mark.parametrize(
    ("fault", "place", "word"),
    [
        ("all-filtered", "finishReason", "IMAGE_SAFETY"),
        ("no-image", "finishReason", "NO_IMAGE"),
        ("text-only", "finishReason", "STOP"),
        ("prompt-blocked", "blockReason", "PROHIBITED_CONTENT"),
    ],
)
def test_every_way_to_give_no_picture_is_a_200(fault: str, place: str, word: str) -> None:
    with serve("gemini", faults=[fault], pictures="sketch") as server:
        answer = content(server, {})
        accepted = server.accepted

    assert answer.status_code == 200
    assert f'"{place}":"{word}"' in answer.text
    assert "inlineData" not in answer.text
    assert accepted == (0 if fault == "prompt-blocked" else 1)


def test_an_edit_keeps_near_its_picture(gemini: Server) -> None:
    url = f"{gemini.url}/v1beta/models/gemini-2.5-flash-image:generateContent"
    parts = [{"text": "warmer"}, {"inlineData": {"mimeType": "image/png", "data": PNG}}]
    answer = httpx.post(url, headers={"x-goog-api-key": gemini.key}, json={"contents": [{"parts": parts}]})

    pixels = decode_picture(ASKINGS["gemini"].picture(answer))

    assert pixels.shape == (864, 1184, 3)


def test_models_are_listed(gemini: Server) -> None:
    headers = {"x-goog-api-key": gemini.key}
    listed = httpx.get(f"{gemini.url}/v1beta/models", headers=headers).json()["models"]
    one = httpx.get(f"{gemini.url}/v1beta/models/gemini-nano-banana-2.1", headers=headers).json()

    assert len(listed) == 5
    assert one["name"] == "models/gemini-nano-banana-2.1"


def test_every_field_that_vertex_ai_takes_is_taken_and_the_gemini_api_stays_stricter(imagen: Server) -> None:
    everything: dict[str, object] = {
        "sampleCount": 2,
        "aspectRatio": "16:9",
        "sampleImageSize": "2K",
        "guidanceScale": 7.5,
        "seed": 1337,
        "addWatermark": False,
        "enhancePrompt": False,
        "negativePrompt": "human",
        "language": "en",
        "safetySetting": "BLOCK_NONE",
        "personGeneration": "ALLOW_ALL",
        "includeSafetyAttributes": True,
        "includeRaiReason": True,
        "outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 80},
        "storageUri": "gs://bucket/folder",
    }
    taken = predict(imagen, everything, PROJECT, labels={"team": "a"})

    assert taken.status_code == 200, taken.text
    assert taken.json()["predictions"][1]["gcsUri"] == "gs://bucket/folder/sample_1.png"
    for name in ("safetySetting", "personGeneration", "storageUri"):
        assert predict(imagen, {name: everything[name]}).status_code == 400
