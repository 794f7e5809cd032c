"""An answer on its way out: whole, late, in drops, or cut off."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from renderlock.testing.connections import Connections
from renderlock.testing.exchange import Exchange

DROPS = 20


class Delivery(Response):
    """A finished answer that the faults of its call may spoil on the wire."""

    def __init__(self, answer: Response, exchange: Exchange, connections: Connections) -> None:
        super().__init__()
        self.raw_headers = answer.raw_headers
        self.status_code = answer.status_code
        self.body = answer.body
        self._exchange = exchange
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer as far as the faults let it."""
        late = self._exchange.strike("slow-answer")
        if late is not None:
            await asyncio.sleep(late.time_s)
        if self._exchange.has("cut-before-answer"):
            await self._cut(scope, receive)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        if self._exchange.has("cut-in-body"):
            await send(_part(body[: len(body) // 2], more=True))
            await self._cut(scope, receive)
            return
        slow = self._exchange.strike("slow-body")
        if slow is not None:
            body = await self._trickle(body, slow.time_s, send)
        await send(_part(body, more=False))

    async def _trickle(self, body: bytes, seconds: float, send: Send) -> bytes:
        """Sends all but the last drop over `seconds`, and gives the last."""
        size = max(1, -(-len(body) // DROPS))
        drops = [body[start : start + size] for start in range(0, len(body), size)]
        for drop in drops[:-1]:
            await send(_part(drop, more=True))
            await asyncio.sleep(seconds / len(drops))
        return drops[-1] if drops else b""

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        self._connections.cut(tuple(scope["client"]))
        # The server counts the request as answered only once it has seen the connection go.
        while (await receive())["type"] != "http.disconnect":
            pass


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
