"""The OpenAI images API on loopback, as OpenAI and four kinds of servers of one's own speak it.

Each kind refuses what it would ignore in silence, such as a top-level seed at sd-server.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import EVERYWHERE, Fault
from renderlock.testing.openai.wire import (
    ImagesBody,
    LocalAIBody,
    OfficialBody,
    SdCppBody,
    SglangBody,
    VllmOmniBody,
    edited,
)
from renderlock.testing.pictures import Picture
from renderlock.testing.provider import Provider, Refused
from renderlock.testing.wire import WireProblem, invalid, parse

MODERATED = "Your request was rejected by the safety system."
WHOLE = re.compile("-?[0-9]{1,19}")
NUMBER = re.compile(r"-?[0-9]{1,19}\.[0-9]{1,19}")
NUMBER_FIELDS = frozenset({"n", "seed", "num_inference_steps", "step", "output_compression", "width", "height"})


class OpenAIProvider(Provider):
    """OpenAI itself; the subclasses are servers of one's own."""

    body: ClassVar[type[ImagesBody]] = OfficialBody
    models: ClassVar[tuple[str, ...]] = ("gpt-image-2", "gpt-image-2.5-flare", "gpt-image-2.5-sunburst")
    faults: ClassVar[frozenset[str]] = EVERYWHERE | {
        "payment-required",
        "retired-model",
        "prompt-blocked",
        "truncated-base64",
        "no-image",
    }

    def routes(self) -> list[BaseRoute]:
        """Generations, edits, and the listing of models."""
        return [
            self.route("/v1/images/generations", self._generate),
            self.route("/v1/images/edits", self._edit),
            self.route("/v1/models", self._list_models, "GET"),
            self.route("/v1/models/{model}", self._show_model, "GET"),
        ]

    def refusal(self, status: int, reason: str, fault: Fault | None = None) -> Refused:
        """OpenAI's error object; running out of credit is a 429 here."""
        match fault.name if fault else "":
            case "payment-required":
                reason = "You exceeded your current quota, please check your plan and billing details."
                return _error(429, reason, "insufficient_quota", code="insufficient_quota")
            case "prompt-blocked":
                return _error(400, MODERATED, "image_generation_user_error", code="moderation_blocked")
            case "retired-model":
                return _error(404, "The model has been shut down.", "invalid_request_error", code="model_not_found")
        kind = {401: "invalid_request_error", 429: "requests", 500: "server_error", 503: "server_error"}
        code = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}.get(status)
        return _error(status, reason, kind.get(status, "invalid_request_error"), code=code)

    def invalid(self, problems: Sequence[WireProblem]) -> Refused:
        """400 for the first problem, as OpenAI does."""
        first = problems[0]
        if first.kind == "extra_forbidden":
            message = f"Unknown parameter: '{first.path}'."
            return _error(400, message, "invalid_request_error", code="unknown_parameter", param=first.path)
        code = "missing_required_parameter" if first.kind == "missing" else "invalid_value"
        return _error(400, str(first), "invalid_request_error", code=code, param=first.path or None)

    async def _generate(self, exchange: Exchange) -> Response:
        self._check_key(exchange)
        wanted = parse(self.body, exchange.body)
        self._check_model(wanted)
        if isinstance(wanted, OfficialBody) and wanted.input_fidelity:
            raise invalid("input_fidelity", "only edits take it")
        return await self._paint(exchange, wanted, None)

    async def _edit(self, exchange: Exchange) -> Response:
        self._check_key(exchange)
        fields = exchange.body if isinstance(exchange.body, dict) else {}
        wanted = parse(self.body, {name: _typed(name, value) for name, value in fields.items()})
        self._check_model(wanted)
        unknown = set(exchange.files) - {"image", "image[]", "mask"}
        if unknown:
            raise invalid(min(unknown), "unknown file")
        uploads = exchange.files.get("image", []) + exchange.files.get("image[]", [])
        if not uploads:
            raise invalid("image", "Missing required parameter: 'image'.")
        return await self._paint(exchange, wanted, _picture(uploads[0].data))

    async def _paint(self, exchange: Exchange, wanted: ImagesBody, init: Pixels | None) -> Response:
        first = wanted.order(secrets.randbelow(2**31))
        orders = [replace(first, seed=first.seed + number) for number in range(wanted.n)]
        if init is not None:
            orders = [edited(order, init) for order in orders]
        pictures = await self.paint(exchange, orders)
        data = [] if exchange.has("no-image") else [self._item(exchange, wanted, each) for each in pictures]
        answer: dict[str, object] = {"created": int(time.time()), "data": data}
        if isinstance(wanted, OfficialBody):
            usage = {"input_tokens": 50, "output_tokens": 1000 * wanted.n, "total_tokens": 50 + 1000 * wanted.n}
            answer |= {"background": "opaque", "output_format": wanted.output_format, "quality": "high"}
            answer |= {"size": str(wanted.picture_size), "usage": usage}
        return JSONResponse(answer)

    def _item(self, exchange: Exchange, wanted: ImagesBody, picture: Picture) -> dict[str, object]:
        if wanted.answers_link:
            return {"url": self.link(exchange, picture)}
        return {"b64_json": self.base64(exchange, picture)}

    async def _list_models(self, exchange: Exchange) -> Response:
        self._check_key(exchange)
        self.count(exchange, "poll")
        return JSONResponse({"object": "list", "data": [_described(model) for model in self.models]})

    async def _show_model(self, exchange: Exchange) -> Response:
        self._check_key(exchange)
        self.count(exchange, "poll")
        model = exchange.path_value("model")
        if model not in self.models:
            raise _gone(model)
        return JSONResponse(_described(model))

    def _check_key(self, exchange: Exchange) -> None:
        given = exchange.headers.get("authorization", "").partition("Bearer ")[2]
        if not given:
            raise self.refusal(401, "You didn't provide an API key.")
        if not self.is_key(given):
            raise self.refusal(401, "Incorrect API key provided.")

    def _check_model(self, wanted: ImagesBody) -> None:
        model = getattr(wanted, "model", None)
        if model is not None and model not in self.models:
            raise _gone(model)


class OwnServer(OpenAIProvider):
    """A server of one's own: a key is only checked where one is sent."""

    models: ClassVar[tuple[str, ...]] = ("local-model",)
    faults: ClassVar[frozenset[str]] = OpenAIProvider.faults - {"payment-required"} | {"expired-link", "foreign-host"}

    def _check_key(self, exchange: Exchange) -> None:
        if exchange.headers.get("authorization"):
            super()._check_key(exchange)


class VllmOmniProvider(OwnServer):
    """vLLM-Omni."""

    body: ClassVar[type[ImagesBody]] = VllmOmniBody
    faults: ClassVar[frozenset[str]] = OwnServer.faults - {"expired-link", "foreign-host"}


class SglangProvider(OwnServer):
    """SGLang."""

    body: ClassVar[type[ImagesBody]] = SglangBody


class SdCppProvider(OwnServer):
    """stable-diffusion.cpp."""

    body: ClassVar[type[ImagesBody]] = SdCppBody
    faults: ClassVar[frozenset[str]] = OwnServer.faults - {"expired-link", "foreign-host"}


class LocalAIProvider(OwnServer):
    """LocalAI."""

    body: ClassVar[type[ImagesBody]] = LocalAIBody


def _typed(name: str, value: object) -> object:
    """A form's text as the number it stands for, in fields that hold numbers."""
    if not isinstance(value, str) or name == "prompt":
        return value
    if name in NUMBER_FIELDS and WHOLE.fullmatch(value):
        return int(value)
    is_number = name.endswith("_scale") and (NUMBER.fullmatch(value) or WHOLE.fullmatch(value))
    return float(value) if is_number else value


def _picture(data: bytes) -> Pixels:
    try:
        return decode_picture(data)
    except ValueError as error:
        raise invalid("image", f"Invalid image file: {error}") from error


def _described(model: str) -> dict[str, object]:
    return {"id": model, "object": "model", "created": 1_760_000_000, "owned_by": "system"}


def _gone(model: str) -> Refused:
    reason = f"The model '{model}' does not exist or you do not have access to it."
    return _error(404, reason, "invalid_request_error", code="model_not_found")


def _error(status: int, message: str, kind: str, *, code: str | None, param: str | None = None) -> Refused:
    return Refused(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})
