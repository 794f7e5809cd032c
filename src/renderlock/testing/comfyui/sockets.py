"""The progress sockets of the loopback ComfyUI: JSON messages to one client, previews as binary frames."""

from __future__ import annotations

import struct
from collections.abc import Awaitable

from starlette.websockets import WebSocket, WebSocketDisconnect

PREVIEW_IMAGE = 1
JPEG = 1


class Sockets:
    """The open sockets by client id."""

    def __init__(self) -> None:
        self._open: dict[str, WebSocket] = {}

    async def hold(self, socket: WebSocket, client: str, remaining: int) -> None:
        """Keeps a socket until its client leaves."""
        await socket.accept()
        self._open[client] = socket
        await self.tell(client, "status", {"status": {"exec_info": {"queue_remaining": remaining}}, "sid": client})
        try:
            while True:
                await socket.receive_text()
        except (WebSocketDisconnect, KeyError):
            pass
        finally:
            if self._open.get(client) is socket:
                del self._open[client]

    async def tell(self, client: str, kind: str, data: dict[str, object]) -> None:
        """Sends a message, where the client still listens."""
        socket = self._open.get(client)
        if socket is not None:
            await self._try(client, socket.send_json({"type": kind, "data": data}))

    async def show(self, client: str, jpeg: bytes) -> None:
        """Sends a preview: event, image type, bytes, both numbers big-endian."""
        socket = self._open.get(client)
        if socket is not None:
            await self._try(client, socket.send_bytes(struct.pack(">II", PREVIEW_IMAGE, JPEG) + jpeg))

    async def cut(self, client: str) -> None:
        """Closes a client's socket."""
        socket = self._open.pop(client, None)
        if socket is not None:
            await self._try(client, socket.close())

    async def _try(self, client: str, sending: Awaitable[None]) -> None:
        try:
            await sending
        except (RuntimeError, WebSocketDisconnect):
            self._open.pop(client, None)
