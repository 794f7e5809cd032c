"""Keeping a store sound: check every byte, make the index again, remove what nothing refers to.

`check` and `info` change nothing; `rebuild` changes only the index; `collect_garbage` never removes a blob
that a sidecar or event names, nor a file young enough to belong to work that is just being done.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from renderlock.errors import StoreDamaged
from renderlock.spec.standing import Standing
from renderlock.store.disk import os_errors_as_store_errors
from renderlock.store.files import (
    blob_name,
    blob_paths,
    event_paths,
    read_event,
    read_sidecar,
    sidecar_paths,
    thumbnail_paths,
)
from renderlock.store.layout import FORMAT, Layout
from renderlock.store.soundness import CheckReport, Finding, check, read_all, references
from renderlock.store.store import Store

__all__ = [
    "GRACE_S",
    "CheckReport",
    "Finding",
    "GarbageReport",
    "RebuildReport",
    "StoreInfo",
    "check",
    "collect_garbage",
    "info",
    "rebuild",
]

GRACE_S = 3600.0
"""How long a file that nothing refers to is left alone: a render being kept may be about to refer to it."""

_COUNT_RENDERS = "SELECT CAST(count(*) AS TEXT) FROM renders"
_COUNT_EVENTS = "SELECT CAST(count(*) AS TEXT) FROM events"


@dataclass(frozen=True)
class RebuildReport:
    """How much the new index holds, and which files could not be read into it."""

    renders: int
    events: int
    damaged: tuple[Finding, ...]


@dataclass(frozen=True)
class GarbageReport:
    """Files nothing refers to, with their lengths in bytes; `removed` is False for a dry run."""

    files: tuple[tuple[Path, int], ...]
    removed: bool

    @property
    def total_bytes(self) -> int:
        """The length of all of them."""
        return sum(length for _, length in self.files)


@dataclass(frozen=True)
class StoreInfo:
    """What a store holds."""

    root: Path
    format: str
    schema_version: int
    renders: dict[Standing, int]
    events: int
    blobs: int
    blob_bytes: int
    thumbnail_bytes: int
    index_bytes: int


def rebuild(store: Store) -> RebuildReport:
    """Makes the index again from sidecars and events, in one step that readers see whole or not at all.

    An index that SQLite cannot read is moved aside as `index.sqlite.damaged`.
    """
    with os_errors_as_store_errors(store.layout.root):
        try:
            damaged = _fill(store)
        except StoreDamaged:
            store.index.set_aside()
            damaged = _fill(store)
    renders, events = (int(store.index.rows(sql)[0][0]) for sql in (_COUNT_RENDERS, _COUNT_EVENTS))
    return RebuildReport(renders, events, tuple(Finding.of(error) for error in damaged))


def collect_garbage(store: Store, *, dry_run: bool, grace_s: float = GRACE_S) -> GarbageReport:
    """Removes, or only lists, what nothing refers to: old blobs, stale temporary files, thumbnails of nothing.

    Temporary files are left alone for an hour at least, whatever `grace_s` says: someone may be writing them.

    Raises `StoreDamaged` where a sidecar or event cannot be read, as nobody can say what it refers to.
    """
    with os_errors_as_store_errors(store.layout.root):
        garbage = list(_garbage(store.layout, time.time(), grace_s))
        if not dry_run:
            # A render gets its sidecar inside such a transaction, so no reference can appear meanwhile.
            with store.index.writing():
                garbage = [left for left in garbage if not _came_to_use(store, left)]
                for left in garbage:
                    left.path.unlink(missing_ok=True)
    return GarbageReport(tuple((left.path, left.size_bytes) for left in garbage), removed=not dry_run)


def info(store: Store) -> StoreInfo:
    """Counts and sizes, from the index and the folder."""
    rows = store.index.rows("SELECT standing, CAST(count(*) AS TEXT) FROM renders GROUP BY standing ORDER BY standing")
    with os_errors_as_store_errors(store.layout.root):
        blobs = [path.stat().st_size for path in blob_paths(store.layout)]
        thumbnails = [path.stat().st_size for path in thumbnail_paths(store.layout)]
        index_files = [path for path in (store.layout.index, *store.index.side_files()) if path.exists()]
        return StoreInfo(
            root=store.layout.root,
            format=FORMAT,
            schema_version=store.index.version(),
            renders={Standing(standing): int(count) for standing, count in rows},
            events=int(store.index.rows(_COUNT_EVENTS)[0][0]),
            blobs=len(blobs),
            blob_bytes=sum(blobs),
            thumbnail_bytes=sum(thumbnails),
            index_bytes=sum(path.stat().st_size for path in index_files),
        )


def _fill(store: Store) -> tuple[StoreDamaged, ...]:
    with store.index.writing() as writer:
        return writer.fill(store.layout)


@dataclass(frozen=True)
class _Left:
    """A file as it was when it was looked at."""

    path: Path
    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        try:
            status = path.stat()
        except FileNotFoundError:  # A writer is done with its temporary file.
            return None
        return cls(path, status.st_size, status.st_mtime_ns)

    def is_older_than(self, now_s: float, age_s: float) -> bool:
        return self.modified_ns / 1e9 < now_s - age_s


def _garbage(layout: Layout, now_s: float, grace_s: float) -> Iterator[_Left]:
    """Every file nothing refers to that has not been touched for that long."""
    # The files are listed before the references are read: what is referred to in between is then seen.
    kept = [left for left in map(_Left.of, [*blob_paths(layout), *thumbnail_paths(layout)]) if left]
    temps = [left for left in map(_Left.of, sorted(layout.tmp.iterdir())) if left]
    yield from (left for left in temps if left.is_older_than(now_s, max(grace_s, GRACE_S)))
    records, unreadable = read_all(sidecar_paths(layout), read_sidecar)
    events, unreadable_events = read_all(event_paths(layout), read_event)
    if errors := unreadable + unreadable_events:
        raise errors[0]
    named = references(records, events)
    for left in kept:
        sha256 = blob_name(left.path)
        if sha256 is not None and sha256 not in named and left.is_older_than(now_s, grace_s):
            yield left


def _came_to_use(store: Store, left: _Left) -> bool:
    """Whether a file that was garbage has been touched or referred to since it was listed."""
    if _Left.of(left.path) != left:
        return True
    sha256 = blob_name(left.path)
    if left.path.parent == store.layout.tmp or sha256 is None:
        return False
    return store.refers_to(sha256) or sha256 in references([], store.events())
