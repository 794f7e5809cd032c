"""The frame of a loopback provider: what it does around its own rules, the same for all of them.

A provider is one module with a subclass. It declares its routes and the bodies of its refusals; reading, recording,
counting, faults and delivery are done here.
"""

from __future__ import annotations

import base64
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from math import ceil
from typing import ClassVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from renderlock.testing.calls import NO_ANSWER
from renderlock.testing.delivery import Delivery
from renderlock.testing.desk import Crowded, Desk
from renderlock.testing.exchange import Exchange, NotReadable
from renderlock.testing.faults import EVERYWHERE, Fault, Target
from renderlock.testing.links import PREFIX
from renderlock.testing.pictures import Order, Picture
from renderlock.testing.wire import Invalid, WireProblem

_LOG = logging.getLogger("renderlock.testing")

Handler = Callable[[Exchange], Awaitable[Response]]

GARBAGE = b'{"created": "2024-12-15T17:32:00", "data": [{"url": '
REFUSING = frozenset(
    {
        "rate-limit",
        "rate-limit-retry-after",
        "rate-limit-retry-info",
        "payment-required",
        "server-error",
        "unavailable",
        "retired-model",
        "prompt-blocked",
    }
)
"""Faults that refuse a request before anything is accepted."""


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        super().__init__(status, body)


class Provider(ABC):
    """One provider on loopback; `key` is what it takes as its API key."""

    faults: ClassVar[frozenset[str]] = EVERYWHERE
    concurrency: ClassVar[int | None] = None
    """How many pictures may be in progress unless `serve` is told otherwise; None for no limit."""

    def __init__(self, desk: Desk, key: str) -> None:
        self.desk = desk
        self.key = key

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """Where the provider listens."""

    @abstractmethod
    def refusal(self, status: int, reason: str, fault: Fault | None = None) -> Refused:
        """The provider's own error body for a status."""

    def invalid(self, problems: Sequence[WireProblem]) -> Refused:
        """The provider's own error body for a body that breaks its rules."""
        return self.refusal(400, "; ".join(map(str, problems)))

    def crowded(self, limit: int) -> Refused:
        """The provider's own answer where too much is in progress."""
        return self.refusal(429, f"Too many requests in progress: at most {limit}.")

    def struck(self, fault: Fault) -> Refused:
        """The provider's own answer for a fault that refuses a request."""
        headers = {"Retry-After": str(ceil(fault.time_s))} if fault.name == "rate-limit-retry-after" else {}
        status, reason = _REFUSALS[fault.name]
        refused = self.refusal(status, reason, fault)
        return Refused(refused.status, refused.body, refused.headers | headers)

    def is_key(self, given: str | None) -> bool:
        """Whether a key is the one."""
        return given is not None and secrets.compare_digest(given.encode(), self.key.encode())

    def route(self, path: str, handler: Handler, *methods: str) -> Route:
        """A route to a handler, with everything around it."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(Exchange(request), handler)

        return Route(path, endpoint, methods=list(methods or ("POST",)))

    def picture_routes(self) -> list[BaseRoute]:
        """The picture host's routes, without any key."""
        return [self.route(f"{PREFIX}/{{name}}", self._show_picture, "GET")]

    def count(self, exchange: Exchange, target: Target) -> None:
        """Counts a call of a kind; raises `Refused` where a fault refuses it."""
        exchange.strikes = self.desk.script.strike(target)
        for fault in exchange.strikes:
            if fault.name in REFUSING:
                raise self.struck(fault)

    def admit(self, exchange: Exchange, pictures: int) -> None:
        """Counts a generation and takes its places; raises `Refused` or `Crowded` where a fault or the limit does."""
        self.count(exchange, "generate")
        self.desk.take(pictures)

    async def paint(self, exchange: Exchange, orders: Sequence[Order]) -> list[Picture]:
        """Admits a generation and makes its pictures."""
        self.admit(exchange, len(orders))
        try:
            return await self.desk.paint(orders, exchange)
        finally:
            self.desk.release(len(orders))

    def link(self, exchange: Exchange, picture: Picture) -> str:
        """A picture's link, spoiled where a fault says so."""
        expired, foreign = exchange.has("expired-link"), exchange.has("foreign-host")
        return self.desk.gallery.hang(picture, expired=expired, foreign=foreign)

    @staticmethod
    def base64(exchange: Exchange, picture: Picture) -> str:
        """A picture's bytes in base64, cut off where a fault says so."""
        text = base64.b64encode(picture.data).decode()
        return text[: len(text) // 2 // 4 * 4 + 1] if exchange.has("truncated-base64") else text

    async def _answer(self, exchange: Exchange, handler: Handler) -> Response:
        unreadable: NotReadable | None = None
        try:
            await exchange.read()
        except NotReadable as error:
            unreadable = error
        except ClientDisconnect:
            return Response()
        number = self.desk.log.add(exchange.as_call())
        try:
            if unreadable is not None:
                raise self.refusal(400, str(unreadable))
            answer = await handler(exchange)
        except Invalid as error:
            answer = _response(self.invalid(error.problems))
        except Crowded:
            answer = _response(self.crowded(self.desk.concurrency or 0))
        except Refused as refused:
            answer = _response(refused)
        except Exception:
            _LOG.exception("the loopback provider itself broke")
            raise
        if exchange.has("garbage-json"):
            answer = Response(GARBAGE, media_type="application/json")
        status = NO_ANSWER if exchange.has("cut-before-answer") else answer.status_code
        self.desk.log.complete(number, status=status, faults=tuple(fault.name for fault in exchange.strikes))
        return Delivery(answer, exchange, self.desk.connections)

    async def _show_picture(self, exchange: Exchange) -> Response:
        if exchange.headers.get("authorization") or exchange.headers.get("api-key"):
            raise Refused(400, "A key was sent to the picture host, which takes none.")
        self.count(exchange, "picture")
        picture, refusal = self.desk.gallery.look(exchange.request)
        if picture is None:
            return refusal or Response(status_code=404)
        return Response(picture.data, media_type=picture.media_type)


def _response(refused: Refused) -> Response:
    return JSONResponse(refused.body, refused.status, headers=refused.headers)


_REFUSALS: dict[str, tuple[int, str]] = {
    "rate-limit": (429, "Too many requests."),
    "rate-limit-retry-after": (429, "Too many requests."),
    "rate-limit-retry-info": (429, "Resource has been exhausted (e.g. check quota)."),
    "payment-required": (402, "Insufficient funds."),
    "server-error": (500, "Internal error encountered."),
    "unavailable": (503, "The service is currently unavailable."),
    "retired-model": (404, "The model was not found."),
    "prompt-blocked": (400, "The prompt was refused."),
}
