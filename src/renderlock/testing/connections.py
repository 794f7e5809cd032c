"""Connections that can be cut: a real server dies without an answer, and so must ours be able to."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

Address = tuple[str, int]


class Connections:
    """The open connections of one server, by the client's address."""

    def __init__(self) -> None:
        self._open: dict[Address, asyncio.Transport] = {}

    def cut(self, client: Address) -> None:
        """Closes a client's connection after what was written to it already."""
        transport = self._open.get(client)
        if transport is not None:
            transport.close()

    def protocol(self) -> type[asyncio.Protocol]:
        """The HTTP protocol for uvicorn that enters its connections here."""
        opened = self._open

        class Noted(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
                super().connection_made(transport)
                if self.client is not None:
                    opened[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    opened.pop(self.client, None)
                super().connection_lost(exc)

        return Noted
