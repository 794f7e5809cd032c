"""A hub on loopback that knows one repository at one commit, and counts what is asked of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class HubServer:
    """The repository's files come from a folder; everything else is answered with 404."""

    def __init__(self, repository: str, commit: str, folder: Path) -> None:
        self.asked: list[str] = []
        self.repository = repository
        self.commit = commit
        self.folder = folder
        self.url = ""

    def files(self) -> dict[str, bytes]:
        """The repository's files by path."""
        found = (file for file in self.folder.rglob("*") if file.is_file())
        return {file.relative_to(self.folder).as_posix(): file.read_bytes() for file in found}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path with its query cut off."""
        if path == f"/api/models/{self.repository}/tree/{self.commit}":
            entries = [_entry(name, data) for name, data in sorted(self.files().items())]
            return 200, {"Content-Type": "application/json"}, json.dumps(entries).encode()
        start = f"/{self.repository}/resolve/{self.commit}/"
        data = self.files().get(path.removeprefix(start)) if path.startswith(start) else None
        if data is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        return 200, {"X-Repo-Commit": self.commit, "ETag": f'"{_blob_id(data)}"'}, data


@contextmanager
def serve_hub(hub: HubServer) -> Iterator[HubServer]:
    """The hub, listening while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._respond(with_body=False)

        def do_GET(self) -> None:
            self._respond(with_body=True)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            """Nothing on stderr."""

        def _respond(self, *, with_body: bool) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            status, headers, body = hub.answer(self.path.partition("?")[0])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _entry(name: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(data), "oid": _blob_id(data)}


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
