"""Ideogram on loopback: the legacy endpoints, v3 generate, and the v2 API with price quotes and polling.

Bodies and rules follow the provider's OpenAPI document of 2026-10-07 and its pages on errors, rate limits, price
quotes and generations. A picture is answered as a signed link to another host, which takes no key.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.testing.desk import Desk
from renderlock.testing.exchange import Exchange
from renderlock.testing.faults import EVERYWHERE, Fault
from renderlock.testing.ideogram.forms import (
    json_part,
    no_more_files,
    parse_json,
    picture_file,
    sent_picture,
    with_numbers,
)
from renderlock.testing.ideogram.jobs import Jobs
from renderlock.testing.ideogram.wire import (
    DescribeFields,
    EditFields,
    GenerateBody,
    ImageRequest,
    RemixRequest,
    UpscaleRequest,
    V2Request,
    V3Request,
)
from renderlock.testing.pictures import Order, Picture
from renderlock.testing.provider import Provider, Refused
from renderlock.testing.wire import WireProblem, invalid, parse

MOST_UPSCALED_PX = 4096
UNSAFE_PROMPT = "Prompt provided failed safety check due to the inclusion of prohibited content."
LEGACY_LINK = '</v2/image/generate/ideogram-2>; rel="successor-version"'
SUNSET_UNIX = 1_798_761_600
PRICE_USD_MICROS = {"turbo": 50_000, "default": 80_000, "quality": 80_000}
V2_MODEL = "ideogram-2"


class IdeogramProvider(Provider):
    """The provider; `wire.py` holds its bodies."""

    concurrency: ClassVar[int | None] = 10
    faults: ClassVar[frozenset[str]] = EVERYWHERE | {
        "payment-required",
        "retired-model",
        "prompt-blocked",
        "expired-link",
        "foreign-host",
        "one-filtered",
        "all-filtered",
        "unsafe",
        "deprecation-headers",
        "failed-later",
    }

    def __init__(self, desk: Desk, key: str) -> None:
        super().__init__(desk, key)
        self._jobs = Jobs()

    def routes(self) -> list[BaseRoute]:
        """The endpoints of three API generations."""
        return [
            self.route("/generate", self._generate),
            self.route("/remix", self._remix),
            self.route("/edit", self._edit),
            self.route("/upscale", self._upscale),
            self.route("/describe", self._describe),
            self.route("/v1/ideogram-v3/generate", self._generate_v3),
            self.route("/v2/image/generate/{model}", self._generate_v2),
            self.route("/v2/generations/{generation_id}", self._poll, "GET"),
        ]

    def refusal(self, status: int, reason: str, fault: Fault | None = None) -> Refused:
        """`{"error": …}`, and what the provider's pages add for a status."""
        match fault.name if fault else "":
            case "prompt-blocked":
                return Refused(422, {"error": UNSAFE_PROMPT})
            case "payment-required":
                return Refused(402, {"error": "Insufficient funds.", "reject_reason": "insufficient_funds"})
            case "retired-model":
                return Refused(404, {"error": "The requested model is retired and rejected."})
        return Refused(status, {"error": reason})

    def invalid(self, problems: Sequence[WireProblem]) -> Refused:
        """400 with the problems in one sentence."""
        return Refused(400, {"error": f"Invalid request: {'; '.join(map(str, problems))}"})

    def crowded(self, limit: int) -> Refused:
        """429 that names the limit; no Retry-After comes with it."""
        body = {"error": "Too many requests in flight.", "reject_reason": "inflight_limit"}
        return Refused(429, body | {"max_inflight_requests": limit})

    async def _generate(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 401)
        wanted = parse(GenerateBody, exchange.body).image_request
        return await self._legacy(exchange, self._orders(wanted))

    async def _remix(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 403)
        wanted = parse(RemixRequest, json_part(exchange))
        init = picture_file(exchange, "image_file")
        no_more_files(exchange, "image_file")
        # A weight of 100 keeps the picture, of 1 nearly nothing of it.
        return await self._legacy(exchange, self._orders(wanted, init, 1 - wanted.image_weight / 100))

    async def _edit(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 401)
        wanted = parse(EditFields, with_numbers(exchange.body, "num_images", "seed"))
        init, mask = picture_file(exchange, "image_file"), picture_file(exchange, "mask")
        no_more_files(exchange, "image_file", "mask")
        if init.shape[:2] != mask.shape[:2]:
            raise invalid("mask", "the mask must have the size of the image")
        size = Size(init.shape[1], init.shape[0])
        seed = _seed(wanted.seed)
        order = Order(wanted.prompt, seed, size, init=init, strength=0.8)
        return await self._legacy(exchange, [order] * wanted.num_images)

    async def _upscale(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 403)
        wanted = parse(UpscaleRequest, json_part(exchange))
        init = picture_file(exchange, "image_file")
        no_more_files(exchange, "image_file")
        longest = max(init.shape[:2])
        factor = min(2.0, MOST_UPSCALED_PX / longest)
        size = Size(round(init.shape[1] * factor), round(init.shape[0] * factor))
        order = Order(wanted.prompt or "", _seed(wanted.seed), size, init=init, enlarge=True)
        return await self._legacy(exchange, [order] * wanted.num_images, upscaled=size)

    async def _describe(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 401)
        parse(DescribeFields, exchange.body or {})
        picture = picture_file(exchange, "image_file")
        no_more_files(exchange, "image_file")
        self.count(exchange, "generate")
        red, green, blue = (round(float(each)) for each in picture[..., :3].mean(axis=(0, 1)))
        height, width = picture.shape[:2]
        text = f"A picture of {width} by {height} pixels, #{red:02x}{green:02x}{blue:02x} on the whole."
        return JSONResponse({"descriptions": [{"text": text}]})

    async def _generate_v3(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 401)
        body = with_numbers(exchange.body, "num_images", "seed")
        if isinstance(body, dict) and isinstance(body.get("color_palette"), str):
            body["color_palette"] = parse_json(str(body["color_palette"]), "color_palette")
        for upload in exchange.files.get("style_reference_images", []):
            sent_picture(upload.data, "style_reference_images")
        no_more_files(exchange, "style_reference_images")
        wanted = parse(V3Request, body)
        order = Order(wanted.prompt, _seed(wanted.seed), wanted.size, wanted.negative_prompt or "")
        pictures = await self.paint(exchange, [order] * wanted.num_images)
        return self._answer_links(exchange, pictures, wanted.prompt)

    async def _generate_v2(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 401)
        if exchange.path_value("model") != V2_MODEL:
            raise self.refusal(404, f"There is no model {exchange.path_value('model')}.")
        wanted = parse(V2Request, exchange.body)
        if exchange.query.get("dry_run", "false") not in {"true", "false"}:
            raise invalid("dry_run", "must be true or false")
        if exchange.query.get("dry_run") == "true":
            self.count(exchange, "poll")
            return JSONResponse(_quote(wanted))
        order = Order(wanted.prompt, _seed(wanted.seed), wanted.size, wanted.negative_prompt or "")
        orders = [order] * wanted.num_images
        generation_id = secrets.token_urlsafe(16)
        if wanted.is_async:
            self.admit(exchange, len(orders))
            self._jobs.start(generation_id, self._work(exchange, orders, wanted.prompt))
            return JSONResponse({"generation_id": generation_id, "seed": order.seed})
        items = self._items(exchange, await self.paint(exchange, orders), wanted.prompt)
        return JSONResponse({"generation_id": generation_id, "seed": order.seed, "data": items})

    async def _poll(self, exchange: Exchange) -> Response:
        self._check_key(exchange, 401)
        self.count(exchange, "poll")
        state = self._jobs.state(exchange.path_value("generation_id"))
        if state is None:
            raise self.refusal(404, "There is no such generation.")
        return JSONResponse(state)

    async def _work(self, exchange: Exchange, orders: Sequence[Order], prompt: str) -> list[dict[str, object]] | None:
        """The items of an asynchronous generation; None where it fails, which is not billed."""
        try:
            pictures = await self.desk.paint(orders, exchange)
        finally:
            self.desk.release(len(orders))
        if exchange.has("failed-later"):
            self.desk.accepted -= len(orders)
            return None
        return [{"object_type": "image", **item} for item in self._items(exchange, pictures, prompt)]

    async def _legacy(self, exchange: Exchange, orders: Sequence[Order], upscaled: Size | None = None) -> Response:
        pictures = await self.paint(exchange, orders)
        response = self._answer_links(exchange, pictures, orders[0].prompt, upscaled)
        response.headers["Link"] = LEGACY_LINK
        return response

    def _answer_links(
        self, exchange: Exchange, pictures: Sequence[Picture], prompt: str, upscaled: Size | None = None
    ) -> Response:
        items = self._items(exchange, pictures, prompt)
        body: dict[str, object] = {"created": datetime.now(UTC).isoformat()}
        body["data"] = [item | ({"upscaled_resolution": str(upscaled)} if upscaled else {}) for item in items]
        headers = {}
        if exchange.has("deprecation-headers"):
            body["notice"] = "This endpoint is deprecated; use /v2/image/generate/ideogram-2."
            headers = {"Deprecation": f"@{SUNSET_UNIX}", "Link": LEGACY_LINK}
        return JSONResponse(body, headers=headers)

    def _items(self, exchange: Exchange, pictures: Sequence[Picture], prompt: str) -> list[dict[str, object]]:
        filtered = 1 if exchange.has("one-filtered") else 0
        if exchange.has("all-filtered") or exchange.has("unsafe"):
            filtered = len(pictures)
        return [
            {
                "url": None if number < filtered else self.link(exchange, picture),
                "prompt": prompt,
                "resolution": str(picture.size),
                "is_image_safe": number >= filtered,
                "seed": picture.seed,
                "style_type": None,
            }
            for number, picture in enumerate(pictures)
        ]

    def _orders(self, wanted: ImageRequest, init: Pixels | None = None, strength: float = 1.0) -> list[Order]:
        """The orders of a request; with one seed all its pictures are the same, as with the provider."""
        order = Order(wanted.prompt, _seed(wanted.seed), wanted.size, wanted.negative_prompt or "", 4.0, init, strength)
        return [order] * wanted.num_images

    def _check_key(self, exchange: Exchange, status: int) -> None:
        if not self.is_key(exchange.headers.get("api-key")):
            raise Refused(status, {"error": "Invalid or missing Api-Key."})


def _quote(wanted: V2Request) -> dict[str, object]:
    price = PRICE_USD_MICROS[wanted.rendering_speed] * wanted.num_images
    return {
        "object": "price_quote",
        "billing_identifier": "ideogram_2_generate",
        "quantity": wanted.num_images,
        "usd_micros": price,
        "credit_millis": price // 10,
        "qualifier": "exact",
    }


def _seed(given: int | None) -> int:
    return secrets.randbelow(2**31) if given is None else given
