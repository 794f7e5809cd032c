"""Where everything of a store lies, so that one file knows the folder names of `docs/store-format.md`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FORMAT = "renderlock store 1"
"""The text of the `format` file; the number rises when an older renderlock could no longer read the store."""

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
    "image/tiff": "tif",
    "image/bmp": "bmp",
    "image/svg+xml": "svg",
    "font/sfnt": "ttf",
    "application/vnd.iccprofile": "icc",
    "application/json": "json",
}
"""File name endings by media type; any other type ends in `bin`."""

ThumbnailSide = Literal[256, 512]
THUMBNAIL_SIDES: tuple[ThumbnailSide, ThumbnailSide] = (256, 512)

TempKind = Literal["blob", "sidecar", "event", "thumbnail", "format"]


@dataclass(frozen=True)
class Layout:
    """The paths of the store in folder `root`."""

    root: Path

    @property
    def format(self) -> Path:
        """The file that makes a folder a store."""
        return self.root / "format"

    @property
    def index(self) -> Path:
        """The SQLite index; derived."""
        return self.root / "index.sqlite"

    @property
    def blobs(self) -> Path:
        """The folder of all blobs."""
        return self.root / "blobs"

    @property
    def renders(self) -> Path:
        """The folder of all sidecars."""
        return self.root / "renders"

    @property
    def event_log(self) -> Path:
        """The folder of all events."""
        return self.root / "events"

    @property
    def thumbnails(self) -> Path:
        """The folder of all thumbnails; derived."""
        return self.root / "thumbnails"

    @property
    def tmp(self) -> Path:
        """The folder of files being written."""
        return self.root / "tmp"

    def blob(self, sha256: str, media_type: str) -> Path:
        """The file of a blob."""
        return Path(self.blob_file(sha256, media_type))

    def blob_file(self, sha256: str, media_type: str) -> str:
        """The file of a blob as text: a tenth of the time where there are thousands."""
        return f"{self.root}/blobs/{sha256[:2]}/{sha256}.{EXTENSIONS.get(media_type, 'bin')}"

    def sidecar(self, address: str) -> Path:
        """The JSON file of a render."""
        return self.renders / address[3:5] / f"{address}.json"

    def event(self, event_id: str) -> Path:
        """The JSON file of an event; its id starts with the year."""
        return self.event_log / event_id[:4] / f"{event_id}.json"

    def thumbnail(self, sha256: str, side: ThumbnailSide) -> Path:
        """The WebP file of a blob's thumbnail."""
        return self.thumbnails / str(side) / sha256[:2] / f"{sha256}.webp"

    def new_temp(self, kind: TempKind, name: str) -> Path:
        """A path in `tmp` nobody else writes; `temp_parts` reads kind and name back."""
        return self.tmp / f"{kind}.{name}.{secrets.token_hex(8)}"


def temp_parts(path: Path) -> tuple[str, str]:
    """Kind and name of a file in `tmp`; two empty texts where renderlock did not name it."""
    parts = path.name.split(".")
    return (parts[0], parts[1]) if len(parts) == 3 else ("", "")
