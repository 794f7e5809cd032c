"""Gemini's image models ("Nano Banana") on loopback: `:generateContent` and the listing of models.

A seed is taken and promises nothing, as with the provider: two calls with one seed never give the same bytes here.
"""

from __future__ import annotations

import base64
import secrets
from itertools import count
from typing import ClassVar

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.testing.desk import Desk
from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import Fault
from renderlock.testing.gemini.wire import MODELS, Blob, GenerateContent, ModelRules
from renderlock.testing.google.frame import GoogleProvider, is_vertex, proto_bytes
from renderlock.testing.google.sizes import at_tier
from renderlock.testing.pictures import Format, Order, Picture
from renderlock.testing.provider import Refused
from renderlock.testing.wire import invalid, parse

TEXT = "Here is the picture you asked for: "
REFUSING_TEXT = "I cannot make that picture. Would you like me to try something else?"
FILTERED = "Unable to show the generated image. The model could not generate the image based on the prompt provided."
PICTURE_TOKENS = 1290
STRENGTH = 0.7


class GeminiProvider(GoogleProvider):
    """The provider; `wire.py` holds its bodies and its models."""

    model_names: ClassVar[tuple[str, ...]] = tuple(MODELS)
    faults: ClassVar[frozenset[str]] = GoogleProvider.faults | {"text-only", "no-image"}

    def __init__(self, desk: Desk, key: str) -> None:
        super().__init__(desk, key)
        self._calls = count(1)

    def routes(self) -> list[BaseRoute]:
        """`:generateContent` on both APIs, and the model listing."""
        return [*self.method_routes("generateContent", self._generate), *self.list_routes()]

    def struck(self, fault: Fault) -> Refused:
        """A blocked prompt is a 200 without candidates here."""
        if fault.name != "prompt-blocked":
            return super().struck(fault)
        usage = {"promptTokenCount": 5, "totalTokenCount": 5}
        return Refused(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage})

    def described(self, model: str) -> dict[str, object]:
        """A Gemini model as the listing shows it."""
        return super().described(model) | {"supportedGenerationMethods": ["generateContent", "countTokens"]}

    async def _generate(self, exchange: Exchange) -> Response:
        self.check_access(exchange)
        model = self.check_model(exchange)
        wanted = parse(GenerateContent, exchange.body)
        _check_model_rules(wanted, MODELS[model], on_vertex=is_vertex(exchange))
        order = self._order(wanted, model)
        pictures = await self.paint(exchange, [order])
        return JSONResponse(self._answered(exchange, wanted, pictures[0], model))

    def _order(self, wanted: GenerateContent, model: str) -> Order:
        parts = [part for content in wanted.contents for part in content.parts]
        prompt = " ".join(part.text for part in parts if part.text)
        if not prompt:
            raise invalid("contents", "no text in any part")
        inits = [_picture(part.inline_data) for part in parts if part.inline_data]
        config = wanted.generation_config
        seed = (config.seed if config.seed is not None else secrets.randbelow(2**31)) + 2**31
        # Best effort means: near, never equal.
        seed = (seed * 1_000_003 + next(self._calls)) % 2**53
        size = _size(wanted, MODELS[model], inits[-1] if inits else None)
        form: Format = "png" if model.startswith("gemini-2.5") else "jpeg"
        init = inits[-1] if inits else None
        return Order(prompt, seed, size, init=init, strength=STRENGTH if inits else 1.0, form=form)

    def _answered(self, exchange: Exchange, wanted: GenerateContent, picture: Picture, model: str) -> dict[str, object]:
        candidate = self._candidate(exchange, wanted, picture)
        tokens = PICTURE_TOKENS if "content" in candidate else 0
        usage = {"promptTokenCount": 5, "candidatesTokenCount": tokens, "totalTokenCount": 5 + tokens}
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": model,
            "responseId": secrets.token_urlsafe(12),
        }

    def _candidate(self, exchange: Exchange, wanted: GenerateContent, picture: Picture) -> dict[str, object]:
        if exchange.has("all-filtered"):
            return {"content": {"role": "model"}, "finishReason": "IMAGE_SAFETY", "finishMessage": FILTERED, "index": 0}
        if exchange.has("no-image"):
            return {"finishReason": "NO_IMAGE", "finishMessage": FILTERED, "index": 0}
        if exchange.has("text-only"):
            return {
                "content": {"role": "model", "parts": [{"text": REFUSING_TEXT}]},
                "finishReason": "STOP",
                "index": 0,
            }
        data = {"mimeType": picture.media_type, "data": self.base64(exchange, picture)}
        image: dict[str, object] = {"inlineData": data}
        parts: list[dict[str, object]] = []
        thinking = wanted.generation_config.thinking_config
        if thinking is not None and thinking.include_thoughts:
            parts += [{"text": "I sketch it first.", "thought": True}, {"inlineData": data, "thought": True}]
            image["thoughtSignature"] = base64.b64encode(secrets.token_bytes(24)).decode()
        parts += [{"text": TEXT}] if wanted.generation_config.wants_text else []
        return {"content": {"role": "model", "parts": [*parts, image]}, "finishReason": "STOP", "index": 0}


def _check_model_rules(wanted: GenerateContent, rules: ModelRules, *, on_vertex: bool) -> None:
    config = wanted.generation_config
    image, place = config.image_config, "generationConfig.imageConfig"
    if image.aspect_ratio is not None and image.aspect_ratio not in rules.sizes:
        raise invalid(f"{place}.aspectRatio", f"{image.aspect_ratio} is not one of {', '.join(rules.sizes)}")
    if image.image_size is not None and image.image_size not in rules.tiers:
        raise invalid(f"{place}.imageSize", f"{image.image_size} is not one of {', '.join(rules.tiers) or 'none'}")
    level = config.thinking_config.thinking_level if config.thinking_config else None
    if config.thinking_config is not None and not rules.thinking:
        raise invalid("generationConfig.thinkingConfig", "thinking is not supported by this model")
    if level is not None and level not in rules.thinking:
        raise invalid("generationConfig.thinkingConfig.thinkingLevel", f"{level} is not supported by this model")
    only_vertex = (image.person_generation, image.prominent_people, image.image_output_options, wanted.labels)
    if not on_vertex and any(each is not None for each in only_vertex):
        raise invalid(place, "a field that only Vertex AI takes")


def _size(wanted: GenerateContent, rules: ModelRules, init: Pixels | None) -> Size:
    """The answered size; without a ratio an edit keeps the shape of its picture."""
    image = wanted.generation_config.image_config
    ratio = image.aspect_ratio or "1:1"
    if image.aspect_ratio is None and init is not None:
        shape = init.shape[1] / init.shape[0]
        ratio = min(rules.sizes, key=lambda name: abs(rules.sizes[name].width / rules.sizes[name].height - shape))
    return at_tier(rules.sizes[ratio], image.image_size or "1K")


def _picture(blob: Blob) -> Pixels:
    try:
        return decode_picture(proto_bytes(blob.data))
    except ValueError as error:
        raise invalid("contents.parts.inlineData", f"Unable to process input image: {error}") from error
