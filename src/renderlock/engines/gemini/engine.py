"""The Gemini image engine: `:generateContent` on the Gemini API and on Vertex AI, one picture a call.

A seed is sent and is best effort: it makes pictures alike, never equal, so nothing here compares their bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from renderlock.engines.base import Engine, EngineOptions, KeyState, Probe
from renderlock.engines.gemini.models import GeminiModel, find_model
from renderlock.engines.gemini.reading import read_picture
from renderlock.engines.hosted.engine import OneShotEngine
from renderlock.engines.hosted.google import VERTEX, VertexLogin, key_text, method_path, refusal_of, vertex_url
from renderlock.engines.hosted.purchase import Obtained
from renderlock.engines.hosted.wire import Answer, WireRequest
from renderlock.errors import HostedError
from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.fields import JsonObject
from renderlock.spec.recipe import Recipe


class GeminiEngine(OneShotEngine):
    """One Gemini image model on one of the two APIs."""

    def __init__(self, model: GeminiModel, options: EngineOptions) -> None:
        self.gemini = model
        super().__init__(model.hosted, options)

    def authorize(self) -> Callable[[], Mapping[str, str]] | None:
        """Vertex AI also takes the machine's own credentials."""
        return self._login().headers if self.gemini.on_vertex else None

    def without_key(self, says: str) -> KeyState:
        """Vertex AI also takes the machine's own credentials."""
        return self._login().state(says) if self.gemini.on_vertex else super().without_key(says)

    def _login(self) -> VertexLogin:
        return VertexLogin(self.model, self.options, lambda: key_text(self.channel))

    def base_url(self) -> str:
        """Vertex AI is called at its location's host."""
        if self.gemini.on_vertex and not key_text(self.channel):
            return vertex_url(self.options)
        return self.model.provider.base_url

    def error_of(self, answer: Answer) -> HostedError:
        """The error for a refusal."""
        return refusal_of(answer, self.model, self.channel.secrets)

    def compose(self, recipe: Recipe, init: Pixels | None) -> WireRequest:
        """The request for one picture; an init picture goes before the prompt."""
        ratio, tier = self.gemini.sizes[recipe.size]
        parts: list[JsonObject] = [{"text": recipe.prompt}]
        if init is not None:
            data = base64.b64encode(encode_png(init, {})).decode()
            parts.insert(0, {"inlineData": {"mimeType": "image/png", "data": data}})
        config: JsonObject = {
            "responseModalities": ["IMAGE"],
            "seed": recipe.seed,
            "imageConfig": {"aspectRatio": ratio} | ({"imageSize": tier} if tier else {}),
        }
        if self.gemini.thinking:
            config["thinkingConfig"] = {"thinkingLevel": self.gemini.thinking.upper()}
        name = f"{VERTEX}{self.gemini.id}" if self.gemini.on_vertex else self.gemini.id
        path = method_path(name, "generateContent", self.options, has_key=bool(key_text(self.channel)))
        return WireRequest(path, json={"contents": [{"role": "user", "parts": parts}], "generationConfig": config})

    def read(self, recipe: Recipe, answer: Answer) -> Obtained:
        """The picture of the answer."""
        return read_picture(answer.json(self.model.reference), self.model.reference)

    def probe(self) -> Probe:
        """Looks the model up, which proves the key; Vertex AI has no such listing for a key alone."""
        self.prepare()
        if self.gemini.on_vertex:
            return Probe((), ("key and model: Vertex AI proves them only by a paid picture",))
        self.channel.send(WireRequest(f"/v1beta/models/{self.gemini.id}", method="GET"), billable=False)
        return Probe((f"the key is good, and {self.gemini.id} is listed",))


def open_model(model: str, options: EngineOptions) -> Engine:
    """The engine for `gemini-…`, or `vertex/gemini-…` on Vertex AI; raises `UnknownName`."""
    return GeminiEngine(find_model(model), options)
