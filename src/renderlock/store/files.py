"""Reading a store's files back: what the names promise is checked, and `StoreDamaged` names the file.

These files are the record; the index is only made from them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from renderlock.errors import RecipeError, StoreDamaged
from renderlock.store.layout import Layout
from renderlock.store.records import Event, RenderRecord

_OTHER_BYTES = "its bytes do not have the SHA-256 of its name"
_BLOB_NAME = re.compile(r"([0-9a-f]{64})\.[a-z]+")


def read_sidecar(path: Path) -> RenderRecord:
    """The render of a sidecar file, its address checked against its content and its name."""
    try:
        record = RenderRecord.from_json(_read_object(path))
    except RecipeError as error:
        raise StoreDamaged(path=path, reason=str(error).rstrip(".")) from error
    if path.stem != record.address:
        raise StoreDamaged(path=path, reason=f"it holds the render {record.address}")
    return record


def read_event(path: Path) -> Event:
    """The event of a file, its time and hash checked against the file's name."""
    try:
        event = Event.from_json(_read_object(path))
    except RecipeError as error:
        raise StoreDamaged(path=path, reason=str(error).rstrip(".")) from error
    if path.stem != event.id:
        raise StoreDamaged(path=path, reason=f"its content names it {event.id}")
    return event


def read_blob(path: Path, sha256: str) -> bytes:
    """The bytes of a blob, checked against its name."""
    data = _read_bytes(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StoreDamaged(path=path, reason=_OTHER_BYTES)
    return data


def prove_blob(path: Path, sha256: str) -> None:
    """Checks a blob of any size against its name; raises `StoreDamaged`."""
    try:
        found = hash_file(path)
    except FileNotFoundError as error:
        raise StoreDamaged(path=path, reason="the file is missing") from error
    if found != sha256:
        raise StoreDamaged(path=path, reason=_OTHER_BYTES)


def hash_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sidecar_paths(layout: Layout) -> Iterator[Path]:
    """Every sidecar, by address."""
    return _files(layout.renders, "??/rl-*.json")


def event_paths(layout: Layout) -> Iterator[Path]:
    """Every event, oldest first."""
    return _files(layout.event_log, "????/*.json")


def blob_paths(layout: Layout) -> Iterator[Path]:
    """Every file under `blobs`, also those that are no blob."""
    return _files(layout.blobs, "*/*")


def thumbnail_paths(layout: Layout) -> Iterator[Path]:
    """Every file under `thumbnails`."""
    return _files(layout.thumbnails, "*/*/*")


def blob_name(path: Path) -> str | None:
    """The SHA-256 that a blob's or thumbnail's file name states; None where it states none."""
    match = _BLOB_NAME.fullmatch(path.name)
    return match[1] if match and path.parent.name == match[1][:2] else None


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    return (path for path in sorted(folder.glob(pattern)) if path.is_file())


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise StoreDamaged(path=path, reason="the file is missing") from error


def _read_object(path: Path) -> Mapping[str, object]:
    try:
        value = json.loads(_read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise StoreDamaged(path=path, reason=f"it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise StoreDamaged(path=path, reason="it is not a JSON object")
    return value
