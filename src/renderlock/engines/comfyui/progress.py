"""The progress socket: which step a prompt is at, and when it is over; without it the history is asked instead."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

OPEN_TIMEOUT_S = 5.0
MOST_BYTES = 64 << 20
_ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})


@dataclass(frozen=True)
class News:
    """What a message says of one prompt: the step of a sampler and of how many, or that it is over."""

    step: int = 0
    steps: int = 0
    node: str = ""
    over: bool = False


class Progress:
    """The messages about one prompt; `heard` is False once the socket is gone."""

    def __init__(self, base_url: str, client: str, prompt_id: str, headers: Mapping[str, str]) -> None:
        self._prompt_id = prompt_id
        self._open = ExitStack()
        self._socket = _open(self._open, base_url, client, headers)

    @property
    def heard(self) -> bool:
        """Whether news can still come."""
        return self._socket is not None

    def next(self, timeout_s: float) -> News | None:
        """The next news within a time; None where there is none, or the socket is gone."""
        if self._socket is None:
            return None
        try:
            message = self._socket.recv(timeout=timeout_s)
        except TimeoutError:
            return None
        except (WebSocketException, OSError):
            self.close()
            return None
        # Binary frames are previews of the server's own interface.
        return self._read(message) if isinstance(message, str) else None

    def close(self) -> None:
        """Closes the socket."""
        self._socket = None
        self._open.close()

    def _read(self, message: str) -> News | None:
        try:
            fields: object = json.loads(message)
        except ValueError:
            return None
        data = fields.get("data") if isinstance(fields, dict) else None
        if not isinstance(fields, dict) or not isinstance(data, dict) or data.get("prompt_id") != self._prompt_id:
            return None
        if fields.get("type") in _ENDS:
            return News(over=True)
        value, most = data.get("value"), data.get("max")
        if fields.get("type") == "progress" and isinstance(value, int) and isinstance(most, int):
            return News(value, most, str(data.get("node") or ""))
        return None


def _open(stack: ExitStack, base_url: str, client: str, headers: Mapping[str, str]) -> ClientConnection | None:
    parts = urlsplit(base_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    url = urlunsplit((scheme, parts.netloc, f"{parts.path.rstrip('/')}/ws", f"clientId={client}", ""))
    try:
        opening = connect(
            url,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=1.0,
            additional_headers=dict(headers),
            max_size=MOST_BYTES,
            proxy=None,
        )
        return stack.enter_context(opening)
    except (OSError, InvalidHandshake, InvalidURI, WebSocketException):
        return None
