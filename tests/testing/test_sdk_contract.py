"""The real SDKs and our adapters send the same JSON to the same server for the same request.

Where they cannot, docs/provider-contracts.md says how they differ; `camel` makes the two spellings of protocol
buffers one. What the SDKs send is also proof that the strict servers take what real clients send.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import openai
import pytest
from google import genai
from google.genai import types
from pydantic.alias_generators import to_camel

from renderlock.engines.base import Engine, EngineOptions, Unwatched
from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.table import open_engine
from renderlock.engines.upscaling import UpscalingEngine
from renderlock.imaging.pixels import Pixels, digest_pixels, encode_png
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.testing import Call, serve
from renderlock.testing.server import Server

GOLDEN = Path(__file__).parent / "golden" / "imagen_gemini_api.json"
PROMPT = "a red apple"
INIT: Pixels = np.full((64, 64, 3), 90, np.uint8)
CONNECTIONS = Connections()


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys, addresses and proxies of whoever runs the tests stay out of the SDKs."""
    for name in list(os.environ):
        if name.upper().startswith(("GOOGLE_", "GEMINI_", "OPENAI_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    yield
    CONNECTIONS.close()


def engine_of(reference: str, provider: str, server: Server) -> Engine:
    hosted = HostedOptions(urls={provider: server.url}, allow_retired=True, connections=CONNECTIONS)
    return open_engine(reference, EngineOptions(hosted=hosted, api_key=server.key))


def recipe_of(engine: Engine, size: Size, **changes: object) -> Recipe:
    """A recipe with every control left out that the model does not have."""
    facts = engine.capabilities
    recipe = Recipe(engine.identify().key, PROMPT, 7 if facts.seed != "none" else 0, size)
    return replace(recipe, **changes)  # type: ignore[arg-type]  # each test names fields of the recipe


def sent(server: Server) -> Call:
    """The last generation that was sent."""
    return next(call for call in reversed(server.calls) if call.method == "POST")


def camel(value: object) -> object:
    """The JSON with every key in camelCase, as a protocol buffer reads both spellings alike."""
    if isinstance(value, dict):
        return {to_camel(key): camel(each) for key, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


def google(server: Server, *, vertex: bool) -> genai.Client:
    options = types.HttpOptions(base_url=server.url, api_version="v1beta1" if vertex else "v1beta")
    return genai.Client(enterprise=vertex, api_key=server.key, http_options=options)


@pytest.mark.filterwarnings("ignore")
def test_imagen_on_vertex_is_asked_as_google_genai_asks() -> None:
    with serve("imagen", pictures="sketch") as server:
        config = types.GenerateImagesConfig(
            number_of_images=1,
            aspect_ratio="16:9",
            image_size="2K",
            seed=7,
            add_watermark=False,
            enhance_prompt=False,
            negative_prompt="text",
            include_rai_reason=True,
            output_mime_type="image/png",
        )
        with google(server, vertex=True) as client:
            client.models.generate_images(model="imagen-4.0-generate-001", prompt=PROMPT, config=config)
        theirs = sent(server)
        engine = engine_of("imagen:vertex/imagen-4.0-generate-001", "imagen", server)
        engine.render(recipe_of(engine, Size(2816, 1536), negative_prompt="text"), None, Unwatched())
        ours = sent(server)

    assert (ours.path, ours.auth, camel(ours.body)) == (theirs.path, theirs.auth, camel(theirs.body))


@pytest.mark.filterwarnings("ignore")
def test_the_vertex_upscaler_is_asked_as_google_genai_asks() -> None:
    with serve("imagen", pictures="sketch") as server:
        image = types.Image(image_bytes=encode_png(INIT, {}), mime_type="image/png")
        config = types.UpscaleImageConfig(output_mime_type="image/png")
        with google(server, vertex=True) as client:
            client.models.upscale_image(
                model="imagen-4.0-upscale-preview", image=image, upscale_factor="x2", config=config
            )
        theirs = sent(server)
        engine = engine_of("imagen:vertex/imagen-4.0-upscale-preview", "imagen", server)
        assert isinstance(engine, UpscalingEngine)
        engine.upscale(INIT, 2, Unwatched())
        ours = sent(server)

    assert (ours.path, camel(ours.body)) == (theirs.path, camel(theirs.body))


def imagen_on_the_gemini_api() -> Call:
    """What our adapter sends for the golden request."""
    with serve("imagen", pictures="sketch") as server:
        engine = engine_of("imagen:imagen-4.0-generate-001", "imagen", server)
        engine.render(recipe_of(engine, Size(2816, 1536), guidance_scale=7.5), None, Unwatched())
        return sent(server)


def test_imagen_on_the_gemini_api_is_asked_as_google_genai_1_75_asked() -> None:
    golden = json.loads(GOLDEN.read_text())
    ours = imagen_on_the_gemini_api()

    assert (ours.path, camel(ours.body)) == (golden["path"], camel(golden["body"]))


@pytest.mark.parametrize("vertex", [False, True], ids=["gemini-api", "vertex"])
@pytest.mark.parametrize("edits", [False, True], ids=["text", "picture"])
@pytest.mark.filterwarnings("ignore")
def test_gemini_is_asked_as_google_genai_asks(vertex: bool, edits: bool) -> None:
    with serve("gemini", pictures="sketch") as server:
        parts = [types.Part.from_bytes(data=encode_png(INIT, {}), mime_type="image/png")] if edits else []
        parts.append(types.Part.from_text(text=PROMPT))
        config = types.GenerateContentConfig(
            response_modalities=["IMAGE"],
            seed=7,
            image_config=types.ImageConfig(aspect_ratio="16:9"),
        )
        with google(server, vertex=vertex) as client:
            content = types.Content(role="user", parts=parts)
            client.models.generate_content(model="gemini-2.5-flash-image", contents=content, config=config)
        theirs = sent(server)
        name = "gemini-2.5-flash-image"
        engine = engine_of(f"gemini:vertex/{name}" if vertex else f"gemini:{name}", "gemini", server)
        recipe = recipe_of(engine, Size(1344, 768), init=Init(digest_pixels(INIT), 0.5) if edits else None)
        engine.render(recipe, INIT if edits else None, Unwatched())
        ours = sent(server)

    # Both spellings of base64 stand for the same bytes.
    assert (ours.path, plain_base64(camel(ours.body))) == (theirs.path, plain_base64(camel(theirs.body)))


def plain_base64(body: object) -> str:
    """The JSON with the URL alphabet of base64 in its standard form."""
    text = json.dumps(body, sort_keys=True)
    return text.replace("-", "+").replace("_", "/")


def test_openai_is_asked_as_openai_asks() -> None:
    with serve("openai", pictures="sketch") as server:
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0) as client:
            client.images.generate(model="gpt-image-2", prompt=PROMPT, n=1, size="768x512")
        theirs = sent(server)
        engine = engine_of("openai-images:gpt-image-2", "openai-images", server)
        engine.render(recipe_of(engine, Size(768, 512)), None, Unwatched())
        ours = sent(server)

    assert (ours.path, ours.auth, ours.body) == (theirs.path, theirs.auth, theirs.body)


def test_an_openai_edit_is_asked_as_openai_asks() -> None:
    with serve("openai", pictures="sketch") as server:
        image = ("init.png", encode_png(INIT, {}), "image/png")
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0) as client:
            client.images.edit(model="gpt-image-2", prompt=PROMPT, image=image, n=1, size="768x512")
        theirs = sent(server)
        engine = engine_of("openai-images:gpt-image-2", "openai-images", server)
        init = Init(digest_pixels(INIT), 0.5)
        engine.render(recipe_of(engine, Size(768, 512), init=init), INIT, Unwatched())
        ours = sent(server)

    assert (ours.path, ours.body) == (theirs.path, theirs.body)


def test_a_server_of_ones_own_is_asked_as_openai_asks_with_extra_fields() -> None:
    extra = {"seed": 7, "num_inference_steps": 9, "guidance_scale": 3.5, "negative_prompt": "text"}
    with serve("sglang", pictures="sketch") as server:
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0) as client:
            client.images.generate(
                model="local-model",
                prompt=PROMPT,
                n=1,
                size="256x256",
                response_format="b64_json",
                extra_body=extra,
            )
        theirs = sent(server)
        engine = engine_of("openai-images:sglang/local-model", "sglang", server)
        recipe = recipe_of(engine, Size(256, 256), steps=9, guidance_scale=3.5, negative_prompt="text")
        engine.render(recipe, None, Unwatched())
        ours = sent(server)

    assert ours.body == theirs.body
