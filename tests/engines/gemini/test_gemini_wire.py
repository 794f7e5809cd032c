"""What Gemini is sent, and the many ways in which its 200 holds no picture."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest
from tests.engines.hosted_contract import QUICK

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.gemini.engine import GeminiEngine, open_model
from renderlock.engines.gemini.reading import UNSAFE, read_picture
from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.hosted.wire import Json
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import BadAnswer, HostedError, NoPicture, SafetyBlocked
from renderlock.imaging.pixels import digest_pixels, encode_png
from renderlock.spec.recipe import Init, Size
from renderlock.testing import serve
from renderlock.testing.server import Server

DRAFT, FINAL = (encode_png(np.full((4, 4, 3), value, np.uint8), {}) for value in (1, 2))


@contextmanager
def opened(server: Server, model: str) -> Iterator[GeminiEngine]:
    with closing(Connections()) as connections:
        hosted = HostedOptions(urls={"gemini": server.url}, patience=QUICK, connections=connections)
        engine = open_model(model, EngineOptions(api_key=server.key, hosted=hosted))
        assert isinstance(engine, GeminiEngine)
        yield engine


def image(data: bytes, **more: object) -> dict[str, object]:
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}, **more}


def answer(*parts: dict[str, object], **candidate: object) -> Json:
    content = {"role": "model", "parts": list(parts)} if parts else {"role": "model"}
    return Json({"candidates": [{"content": content, "index": 0, **candidate}]}, "m")


@pytest.mark.parametrize(
    ("model", "size", "config"),
    [
        ("gemini-2.5-flash-image", Size(1344, 768), {"imageConfig": {"aspectRatio": "16:9"}}),
        ("gemini-3.1-flash-image", Size(512, 512), {"imageConfig": {"aspectRatio": "1:1", "imageSize": "512"}}),
        (
            "gemini-nano-banana-2.1?thinking=minimal",
            Size(1024, 1024),
            {
                "imageConfig": {"aspectRatio": "1:1", "imageSize": "1K"},
                "thinkingConfig": {"thinkingLevel": "MINIMAL"},
            },
        ),
    ],
)
def test_each_model_gets_the_fields_it_takes(model: str, size: Size, config: dict[str, object]) -> None:
    with serve("gemini", pictures="sketch") as server, opened(server, model) as engine:
        recipe = resolve(Request("a star", 7, size), engine.identify(), engine.capabilities, "refuse").recipe
        render = engine.render(recipe, None, Unwatched())
        (call,) = server.calls
    assert call.path == f"/v1beta/models/{model.partition('?')[0]}:generateContent"
    assert call.body == {
        "contents": [{"role": "user", "parts": [{"text": "a star"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"], "seed": 7, **config},
    }
    assert dict(render.source)["model_version"] == model.partition("?")[0]


def test_img2img_sends_the_picture_before_the_prompt() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
    with serve("gemini", pictures="sketch") as server, opened(server, "gemini-2.5-flash-image") as engine:
        wish = Request("as a drawing", 7, Size(1024, 1024), init=Init(digest_pixels(picture), 0.5))
        resolved = resolve(wish, engine.identify(), engine.capabilities, "record")
        engine.render(resolved.recipe, picture, Unwatched())
        body = server.calls[-1].body
    assert isinstance(body, dict)
    first, second = body["contents"][0]["parts"]
    assert first["inlineData"]["mimeType"] == "image/png"
    assert second == {"text": "as a drawing"}


def test_the_picture_is_found_after_texts_and_drafts_the_model_thought_with() -> None:
    found = read_picture(
        answer(
            {"text": "I sketch it first.", "thought": True},
            image(DRAFT, thought=True),
            {"text": "Here it is: "},
            image(FINAL, thoughtSignature="c2ln"),
            finishReason="STOP",
        ),
        "m",
    )
    assert found.picture == FINAL


@pytest.mark.parametrize("reason", sorted(UNSAFE))
def test_a_withheld_picture_is_a_safety_block_that_may_be_billed(reason: str) -> None:
    with pytest.raises(SafetyBlocked, match=reason) as blocked:
        read_picture(answer(finishReason=reason, finishMessage="Unable to show the image."), "m")
    assert (blocked.value.facts["stage"], blocked.value.billed) == ("picture", "maybe")


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "JAILBREAK"])
def test_a_blocked_prompt_costs_nothing(reason: str) -> None:
    with pytest.raises(SafetyBlocked, match=reason) as blocked:
        read_picture(Json({"promptFeedback": {"blockReason": reason}}, "m"), "m")
    assert (blocked.value.facts["stage"], blocked.value.billed) == ("prompt", "no")


@pytest.mark.parametrize(
    ("given", "kind", "told"),
    [
        (answer({"text": "Which apple do you mean?"}, finishReason="STOP"), NoPicture, "Which apple"),
        (answer(finishReason="NO_IMAGE"), NoPicture, "NO_IMAGE"),
        (answer(finishReason="IMAGE_OTHER"), NoPicture, "IMAGE_OTHER"),
        (answer(image(DRAFT, thought=True), finishReason="STOP"), NoPicture, "STOP"),
        (Json({"candidates": [{"finishReason": "NO_IMAGE"}]}, "m"), NoPicture, "NO_IMAGE"),
        (Json({}, "m"), BadAnswer, "neither candidates"),
        (Json({"candidates": [{"content": {"parts": [{"inlineData": {"data": 5}}]}}]}, "m"), BadAnswer, "data is int"),
        (Json({"candidates": 5}, "m"), BadAnswer, "not a list"),
    ],
)
def test_every_other_way_without_a_picture_is_told_apart(given: Json, kind: type[HostedError], told: str) -> None:
    with pytest.raises(kind, match=told):
        read_picture(given, "m")
