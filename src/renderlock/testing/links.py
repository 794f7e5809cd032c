"""Pictures behind signed links that expire, on a host of their own that takes no key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from renderlock.testing.pictures import Picture

PREFIX = "/api/images/ephemeral"
FOREIGN_HOST = "localhost"
"""The host of a foreign link; ours is addressed as 127.0.0.1."""


class Gallery:
    """Pictures by link. `foreign_fetches` counts downloads through the foreign host, which no client should make."""

    def __init__(self, lifetime_s: float = 86_400.0) -> None:
        self._lifetime_s = lifetime_s
        self._secret = secrets.token_bytes(16)
        self._pictures: dict[str, Picture] = {}
        self._hosts = ("127.0.0.1", 0)
        self.foreign_fetches = 0

    def serve_from(self, host: str, port: int) -> None:
        """Says where the links lead."""
        self._hosts = (host, port)

    def hang(self, picture: Picture, *, expired: bool = False, foreign: bool = False) -> str:
        """The link to a picture."""
        ending = picture.media_type.partition("/")[2]
        name = f"{secrets.token_urlsafe(12)}.{ending}"
        self._pictures[name] = picture
        expires = int(time.time() + (-60 if expired else self._lifetime_s))
        host, port = self._hosts
        host = FOREIGN_HOST if foreign else host
        return f"http://{host}:{port}{PREFIX}/{name}?exp={expires}&sig={self._sign(name, expires)}"

    def look(self, request: Request) -> tuple[Picture | None, Response | None]:
        """The picture behind a request's link, or the answer that refuses it."""
        if request.url.hostname == FOREIGN_HOST:
            self.foreign_fetches += 1
        name, query = str(request.path_params["name"]), request.query_params
        expires = query.get("exp", "")
        signed = expires.isdigit() and hmac.compare_digest(self._sign(name, int(expires)), query.get("sig", ""))
        if not signed:
            return None, PlainTextResponse("Access denied: the signature does not match.", 403)
        if int(expires) < time.time():
            return None, PlainTextResponse("Access denied: the link has expired.", 403)
        picture = self._pictures.get(name)
        return picture, None if picture else PlainTextResponse("No such picture.", 404)

    def _sign(self, name: str, expires: int) -> str:
        return hmac.new(self._secret, f"{name}\n{expires}".encode(), hashlib.sha256).hexdigest()
