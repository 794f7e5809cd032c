"""Whether every byte of a store is what its name says, and files and index agree; changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from renderlock.errors import StoreDamaged
from renderlock.store.disk import has_length, os_errors_as_store_errors
from renderlock.store.files import (
    blob_name,
    blob_paths,
    event_paths,
    hash_file,
    read_event,
    read_sidecar,
    sidecar_paths,
)
from renderlock.store.layout import Layout
from renderlock.store.records import Event, RenderRecord
from renderlock.store.store import Store

FindingKind = Literal["damaged", "missing", "unindexed", "orphan"]

_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")
_Kept = TypeVar("_Kept", RenderRecord, Event)


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be, and where.

    `damaged`: bytes are not what the name says. `missing`: something refers to a file that is not there.
    `unindexed`: the index does not say what the file says; a rebuild mends it. `orphan`: nothing refers to
    the file; harmless, and left by interrupted work.
    """

    kind: FindingKind
    path: Path
    reason: str

    @classmethod
    def of(cls, error: StoreDamaged) -> Finding:
        """The finding that a failed read is."""
        return cls("damaged", Path(str(error.facts["path"])), str(error.facts["reason"]))


@dataclass(frozen=True)
class CheckReport:
    """Everything a check found, and how much it looked at."""

    findings: tuple[Finding, ...]
    renders: int
    events: int
    blobs: int
    blob_bytes: int

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged, missing or unindexed."""
        return all(finding.kind == "orphan" for finding in self.findings)

    def of_kind(self, kind: FindingKind) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)


def check(store: Store) -> CheckReport:
    """Hashes every blob and compares sidecars, events and index with each other.

    Other processes may write meanwhile: what they finish during the check is not held against the store.
    """
    layout = store.layout
    with os_errors_as_store_errors(layout.root):
        blobs = {path: path.stat().st_size for path in blob_paths(layout)}
        findings = list(_damaged_blobs(blobs))
        records, unreadable = read_all(sidecar_paths(layout), read_sidecar)
        events, unreadable_events = read_all(event_paths(layout), read_event)
        findings += [Finding.of(error) for error in unreadable + unreadable_events]
        findings += _missing_blobs(layout, records)
        findings += _orphans(blobs, references(records, events))
        findings += _index_findings(store, records, events)
    return CheckReport(tuple(findings), len(records), len(events), len(blobs), sum(blobs.values()))


def read_all(paths: Iterable[Path], read: Callable[[Path], _Kept]) -> tuple[list[_Kept], list[StoreDamaged]]:
    """What the files hold, and the errors of those that cannot be read."""
    kept, damaged = [], []
    for path in paths:
        try:
            kept.append(read(path))
        except StoreDamaged as error:
            damaged.append(error)
    return kept, damaged


def references(records: Iterable[RenderRecord], events: Iterable[Event]) -> set[str]:
    """The SHA-256 of every blob that a render or an event names."""
    named = {sha256 for event in events for sha256 in _SHA256.findall(event.to_bytes().decode())}
    for record in records:
        named.update(sha256 for sha256, _ in record.blobs)
    return named


def _damaged_blobs(blobs: Iterable[Path]) -> Iterator[Finding]:
    for path in blobs:
        named = blob_name(path)
        if named is not None and hash_file(path) != named:
            yield Finding("damaged", path, "its bytes do not have the SHA-256 of its name")


def _missing_blobs(layout: Layout, records: Iterable[RenderRecord]) -> Iterator[Finding]:
    for record in records:
        for sha256, media_type in record.blobs:
            path = layout.blob(sha256, media_type)
            if not path.exists():
                yield Finding("missing", path, f"{record.address} refers to it")
        path = layout.blob(record.blob, record.media_type)
        if path.exists() and not has_length(path, record.blob_bytes):
            yield Finding("damaged", path, f"{record.address} says that it has {record.blob_bytes} bytes")


def _orphans(blobs: Iterable[Path], named: set[str]) -> Iterator[Finding]:
    for path in blobs:
        if blob_name(path) is None:
            yield Finding("orphan", path, "it is not named as a blob")
        elif blob_name(path) not in named:
            yield Finding("orphan", path, "nothing refers to it")


def _index_findings(store: Store, records: list[RenderRecord], events: list[Event]) -> list[Finding]:
    """Where the index differs from the files, asked while no other process can be between the two."""
    try:
        with store.index.writing():
            (verdict,) = store.index.rows("PRAGMA quick_check(1)")[0]
            rows = store.index.pairs("SELECT address, sidecar FROM renders")
            event_rows = store.index.pairs("SELECT id, content FROM events")
            findings = [] if verdict == "ok" else [Finding("damaged", store.layout.index, verdict)]
            sidecars = {str(record.address): record.to_bytes().decode() for record in records}
            findings += _differences(sidecars, rows, store.layout.sidecar)
            contents = {event.id: event.to_bytes().decode() for event in events}
            findings += _differences(contents, event_rows, store.layout.event)
    except StoreDamaged as error:
        return [Finding.of(error)]
    return findings


def _differences(files: dict[str, str], rows: dict[str, str], path_of: Callable[[str], Path]) -> Iterator[Finding]:
    for name, content in files.items():
        if rows.get(name) != content:
            reason = "it is not in the index" if name not in rows else "the index says otherwise"
            yield Finding("unindexed", path_of(name), reason)
    for name in rows:
        if name not in files and not path_of(name).exists():
            yield Finding("missing", path_of(name), "the index names it")
