"""What Imagen is sent on each of Google's APIs, and how its predictions are read."""

from __future__ import annotations

import base64
import sys
import types
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest
from tests.engines.hosted_contract import QUICK

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.hosted.wire import Json
from renderlock.engines.imagen.engine import ImagenEngine, open_model, read_prediction
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import BadAnswer, KeyMissing, ModelRetired, NoPicture, NotCapable, SafetyBlocked
from renderlock.imaging.pixels import encode_png
from renderlock.spec.recipe import Size
from renderlock.testing import serve
from renderlock.testing.server import Server

PNG = base64.b64encode(encode_png(np.zeros((4, 4, 3), np.uint8), {})).decode()


@contextmanager
def opened(server: Server, model: str, *, key: bool = True, project: str = "") -> Iterator[ImagenEngine]:
    with closing(Connections()) as connections:
        hosted = HostedOptions(
            urls={"imagen": server.url},
            patience=QUICK,
            allow_retired=True,
            connections=connections,
            project=project,
            location="europe-west4",
        )
        engine = open_model(model, EngineOptions(api_key=server.key if key else None, hosted=hosted))
        assert isinstance(engine, ImagenEngine)
        yield engine


def render(engine: HostedEngine, *, seed: int = 0, guidance_scale: float | None = None, negative: str = "") -> None:
    wish = Request("a star", seed, Size(1408, 768), negative, guidance_scale=guidance_scale)
    recipe = resolve(wish, engine.identify(), engine.capabilities, "refuse").recipe
    engine.render(recipe, None, Unwatched())


def test_the_gemini_api_gets_exactly_the_fields_it_takes() -> None:
    with serve("imagen", pictures="sketch") as server, opened(server, "imagen-4.0-generate-001") as engine:
        render(engine, guidance_scale=7.5)
        (call,) = server.calls
    assert (call.path, call.auth) == ("/v1beta/models/imagen-4.0-generate-001:predict", "x-goog-api-key")
    assert call.body == {
        "instances": [{"prompt": "a star"}],
        "parameters": {
            "sampleCount": 1,
            "aspectRatio": "16:9",
            "sampleImageSize": "1K",
            "includeRaiReason": True,
            "outputOptions": {"mimeType": "image/png"},
            "guidanceScale": 7.5,
        },
    }


def test_vertex_gets_a_seed_only_without_watermark_and_without_an_enhanced_prompt() -> None:
    with serve("imagen", pictures="sketch") as server, opened(server, "vertex/imagen-4.0-generate-001") as engine:
        render(engine, seed=7, negative="blur")
        (call,) = server.calls
    assert call.path == "/v1beta1/publishers/google/models/imagen-4.0-generate-001:predict"
    assert isinstance(call.body, dict)
    parameters = call.body["parameters"]
    assert {name: parameters[name] for name in ("seed", "addWatermark", "enhancePrompt", "negativePrompt")} == {
        "seed": 7,
        "addWatermark": False,
        "enhancePrompt": False,
        "negativePrompt": "blur",
    }


def test_vertex_is_called_with_the_machines_own_credentials_where_there_is_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve("imagen", pictures="sketch") as server:
        put_google_auth(monkeypatch, server.key)
        with opened(server, "vertex/imagen-4.0-generate-001", key=False, project="spring") as engine:
            render(engine, seed=7)
        (call,) = server.calls
    place = "/v1/projects/spring/locations/europe-west4/publishers/google/models/imagen-4.0-generate-001:predict"
    assert (call.path, call.auth) == (place, "authorization")


def put_google_auth(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """A google-auth whose credentials have this token; the real one would ask a metadata server of the network."""

    class Credentials:
        valid = False

        def __init__(self) -> None:
            self.token = ""

        def refresh(self, request: object) -> None:
            self.token, self.valid = token, True

    auth = types.ModuleType("google.auth")
    auth.default = lambda scopes: (Credentials(), "spring")  # type: ignore[attr-defined]
    exceptions = types.ModuleType("google.auth.exceptions")
    exceptions.GoogleAuthError = type("GoogleAuthError", (Exception,), {})  # type: ignore[attr-defined]
    requests = types.ModuleType("google.auth.transport.requests")
    requests.Request = object  # type: ignore[attr-defined]
    modules = {
        "google": types.ModuleType("google"),
        "google.auth": auth,
        "google.auth.exceptions": exceptions,
        "google.auth.transport": types.ModuleType("google.auth.transport"),
        "google.auth.transport.requests": requests,
    }
    for name, module in modules.items():
        module.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]  # find_spec asks only whether it is there
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
        monkeypatch.setitem(sys.modules, name, module)


def test_without_key_and_project_vertex_says_what_is_missing() -> None:
    with serve("imagen", pictures="sketch") as server:
        keyless = opened(server, "vertex/imagen-4.0-generate-001", key=False)
        with keyless as engine, pytest.raises(KeyMissing, match="VERTEX_API_KEY"):
            engine.prepare()
        assert server.calls == ()


def test_vertex_enlarges_by_two_and_four_to_its_limit_and_the_gemini_api_does_not() -> None:
    small = np.zeros((64, 96, 3), np.uint8)
    with serve("imagen", pictures="sketch") as server:
        with opened(server, "vertex/imagen-4.0-upscale-preview") as engine:
            shapes = [engine.upscale(small, factor, Unwatched()).pixels.shape for factor in (2, 4)]
            with pytest.raises(NotCapable, match="17000000"):
                engine.upscale(np.zeros((2048, 2048, 3), np.uint8), 4, Unwatched())
            with pytest.raises(NotCapable, match="only enlarges"):
                render(engine)
            paid = server.accepted
        with opened(server, "imagen-4.0-generate-001") as engine, pytest.raises(NotCapable, match="Vertex"):
            engine.upscale(small, 2, Unwatched())
        body = server.calls[-1].body

    assert shapes == [(128, 192, 3), (256, 384, 3)]
    assert paid == server.accepted == 2
    assert isinstance(body, dict)
    assert body["parameters"] == {
        "mode": "upscale",
        "sampleCount": 1,
        "upscaleConfig": {"upscaleFactor": "x4"},
        "outputOptions": {"mimeType": "image/png"},
    }


def test_the_first_picture_is_read_past_filtered_items_and_attributes() -> None:
    answer = {
        "predictions": [
            {"raiFilteredReason": "Support codes: 1"},
            {"contentType": "Positive Prompt", "safetyAttributes": {}},
            {"mimeType": "image/png", "bytesBase64Encoded": PNG, "prompt": "a star, detailed", "new": 1},
        ]
    }
    found = read_prediction(Json(answer, "m"), "m")
    assert found.picture.startswith(b"\x89PNG")
    assert found.notes == (("prompt", "a star, detailed"),)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({}, NoPicture),
        ({"predictions": []}, NoPicture),
        ({"predictions": [{"contentType": "Positive Prompt"}]}, NoPicture),
        ({"predictions": [{"raiFilteredReason": "Support codes: 1"}]}, SafetyBlocked),
        ({"predictions": [{"bytesBase64Encoded": 5}]}, BadAnswer),
        ({"predictions": {}}, BadAnswer),
        ({"predictions": [5]}, BadAnswer),
    ],
)
def test_an_answer_without_a_picture_says_why(answer: dict[str, object], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        read_prediction(Json(answer, "m"), "m")


def test_a_model_that_is_gone_is_retired_on_both_apis() -> None:
    for model in ("imagen-4.0-generate-001", "vertex/imagen-4.0-generate-001"):
        with serve("imagen", faults=["retired-model"], pictures="sketch") as server, opened(server, model) as engine:
            with pytest.raises(ModelRetired, match="nano-banana-2") as gone:
                render(engine)
            assert gone.value.billed == "no"
