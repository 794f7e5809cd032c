"""One HTTP client a base URL, made by the first request and shared by all engines and threads of a process."""

from __future__ import annotations

import ipaddress
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx


class Connections:
    """The HTTP clients of one process by base URL; they are closed together and made again when needed."""

    def __init__(self) -> None:
        self._clients: dict[str, httpx.Client] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Connections], tuple[()]]:
        """A worker process opens connections of its own."""
        return Connections, ()

    def client(self, base_url: str) -> httpx.Client:
        """The client for a base URL: no redirects, no cookies kept, keys never among its defaults."""
        with self._lock:
            if base_url not in self._clients:
                self._clients[base_url] = _new_client(base_url)
            return self._clients[base_url]

    def close(self) -> None:
        """Closes every client; the next request makes a new one."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()


def is_this_machine(host: str) -> bool:
    """Whether a host name or address is loopback."""
    if host in ("localhost", "localhost.localdomain"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host of a URL in lower case, "" where it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def site_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _new_client(base_url: str) -> httpx.Client:
    import httpx  # noqa: PLC0415  # `import renderlock` and `--help` must not load it

    # Idle connections are given up early: one that the provider closes just then would look like a lost paid call.
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=2.0)
    # A proxy of the environment is for other machines; one for loopback would see keys it need not see.
    trusts_environment = not is_this_machine(host_of(base_url))
    headers = {"User-Agent": "renderlock", "Accept": "application/json, image/*"}
    return httpx.Client(
        base_url=base_url, headers=headers, limits=limits, follow_redirects=False, trust_env=trusts_environment
    )
