"""A provider behind a real socket on this machine, in a thread of its own."""

from __future__ import annotations

import secrets
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from renderlock.errors import UsageError
from renderlock.testing.calls import Call
from renderlock.testing.desk import Desk
from renderlock.testing.faults import Script
from renderlock.testing.options import ServeOptions
from renderlock.testing.pictures import Painter
from renderlock.testing.provider import Provider

HOST = "127.0.0.1"
PATIENCE_S = 30.0


class Server:
    """One provider that serves while it is entered as a context.

    `url` is its base address, `picture_url` that of the host its pictures are fetched from, `key` the API key it takes.
    """

    def __init__(self, provider: type[Provider], options: ServeOptions) -> None:
        limit = provider.concurrency if options.concurrency is None else options.concurrency
        self._desk = Desk(Script(options.faults), Painter(options.pictures), options.latency_s, limit or None)
        self._provider = provider(self._desk, options.key or secrets.token_hex(16))
        self.key = self._provider.key
        self._sockets = [_listen(options.port), _listen(0)]
        port, picture_port = (each.getsockname()[1] for each in self._sockets)
        self.url = f"http://{HOST}:{port}"
        self.picture_url = f"http://{HOST}:{picture_port}"
        self._desk.gallery.serve_from(HOST, picture_port)
        self._app = Starlette(routes=self._provider.routes())
        self._picture_app = Starlette(routes=self._provider.picture_routes())
        config = uvicorn.Config(
            self._dispatch,
            http=self._desk.connections.protocol(),
            ws="websockets-sansio",
            interface="asgi3",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, args=(self._sockets,), daemon=True)

    @property
    def accepted(self) -> int:
        """How many pictures were accepted, and would be billed."""
        return self._desk.accepted

    @property
    def most_in_progress(self) -> int:
        """The most pictures that were in progress at once."""
        return self._desk.most_in_progress

    @property
    def foreign_fetches(self) -> int:
        """How many pictures were fetched through a foreign host's link."""
        return self._desk.gallery.foreign_fetches

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request so far, pictures' downloads included."""
        return self._desk.log.all()

    def start(self) -> None:
        """Listens; raises `UsageError` where the server does not come up."""
        self._thread.start()
        deadline = threading.Event()
        for _ in range(round(PATIENCE_S / 0.01)):
            if self._uvicorn.started:
                return
            deadline.wait(0.01)
        raise UsageError(reason=f"The server at {self.url} did not start within {PATIENCE_S:g} seconds.")

    def stop(self) -> None:
        """Stops listening and ends what is in progress."""
        self._uvicorn.should_exit = True
        self._thread.join(PATIENCE_S)
        for each in self._sockets:
            each.close()
        self._desk.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_picture_host = scope["server"][1] == self._sockets[1].getsockname()[1]
        await (self._picture_app if is_picture_host else self._app)(scope, receive, send)


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise UsageError(reason=f"Port {port} of {HOST} cannot be listened on: {error}.") from error
    return listening
