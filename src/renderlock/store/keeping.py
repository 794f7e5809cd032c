"""Writing renders and events, in the order that makes it safe to be killed at any moment.

Blobs come first, then the sidecar, then the index row, each forced to disk. The sidecar gets its name inside
a write transaction of the index, so that a garbage collection in another process sees the reference before
it could remove the blob. Its temporary file stays until the row is there: what a killed process left
unindexed is found by that, and indexed by whoever opens the store next.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from renderlock.errors import StoreDamaged, StoreFull
from renderlock.files import sync_folder, write_durably
from renderlock.store.disk import has_length, link_or_copy, publish, replace
from renderlock.store.files import read_event, read_sidecar
from renderlock.store.index import Index, record_of
from renderlock.store.intake import Blob, Prepared
from renderlock.store.layout import Layout, temp_parts
from renderlock.store.records import Event, RenderRecord, StagedPicture


def keep_render(layout: Layout, index: Index, prepared: Prepared) -> RenderRecord:
    """The record of a render that is now kept; where it was kept before, the record of that time."""
    known = _kept(layout, index, prepared)
    record = known or _keep_new(layout, index, prepared)
    for blob in prepared.blobs.values():
        if isinstance(blob, StagedPicture):
            blob.path.unlink(missing_ok=True)
    return record


def _keep_new(layout: Layout, index: Index, prepared: Prepared) -> RenderRecord:
    for sha256, blob in prepared.blobs.items():
        keep_blob(layout, sha256, blob)
    record = prepared.record
    content = record.to_bytes()
    temp = layout.new_temp("sidecar", record.address)
    write_durably(temp, content)
    with index.writing() as writer:
        for sha256, blob in prepared.blobs.items():
            if not _is_there(layout, sha256, blob):
                keep_blob(layout, sha256, blob)
        if not publish(temp, layout.sidecar(record.address)):
            record = read_sidecar(layout.sidecar(record.address))  # Another process was first; its record stands.
            content = record.to_bytes()
        writer.add_render(record, content)
    temp.unlink(missing_ok=True)
    return record


def keep_event(layout: Layout, index: Index, event: Event) -> None:
    """Writes an event's file and its row; an event that is there stays as it is."""
    temp = layout.new_temp("event", event.id)
    write_durably(temp, event.to_bytes())
    with index.writing() as writer:
        publish(temp, layout.event(event.id))
        writer.add_event(event)
    temp.unlink(missing_ok=True)


def finish_interrupted_writes(layout: Layout, index: Index) -> None:
    """Indexes what a killed process had named but not indexed; what had no name yet is left to the garbage."""
    for temp in sorted(layout.tmp.glob("*.*.*")):
        kind, name = temp_parts(temp)
        target = {"sidecar": layout.sidecar, "event": layout.event}.get(kind)
        if target is None or not target(name).exists():
            continue
        # Opening must stay possible: a full disk needs the garbage collection, a damaged file the check.
        with suppress(StoreFull):
            with suppress(StoreDamaged):
                _index_file(index, kind, target(name))
            temp.unlink(missing_ok=True)


def _kept(layout: Layout, index: Index, prepared: Prepared) -> RenderRecord | None:
    """The record of a render that is there already with all its files."""
    address = prepared.record.address
    rows = index.rows("SELECT sidecar FROM renders WHERE address = ?", [address])
    whole = layout.sidecar(address).exists() and all(_is_there(layout, *blob) for blob in prepared.blobs.items())
    return record_of(rows[0][0]) if rows and whole else None


def _is_there(layout: Layout, sha256: str, blob: Blob) -> bool:
    length = blob.path.stat().st_size if isinstance(blob, StagedPicture) else len(blob.data)
    return has_length(layout.blob(sha256, blob.media_type), length)


def keep_blob(layout: Layout, sha256: str, blob: Blob) -> None:
    """Writes a blob, unless it is there; young, it is safe from the garbage collection until something refers to it.

    A staged file gets a second name in the store, or is copied where the file system has none to give; its own name
    stays until the render is kept.
    """
    target = layout.blob(sha256, blob.media_type)
    if _is_there(layout, sha256, blob):
        # A young file is safe from the garbage collection until the sidecar refers to it.
        os.utime(target)
        sync_folder(target.parent)
        return
    temp = layout.new_temp("blob", sha256)
    if isinstance(blob, StagedPicture):
        link_or_copy(blob.path, temp)
        os.utime(temp)
    else:
        write_durably(temp, blob.data)
    try:
        if target.exists():
            replace(temp, target)  # It was cut short by a fault of the disk: same name, the right bytes.
        else:
            publish(temp, target)
    finally:
        temp.unlink(missing_ok=True)


def _index_file(index: Index, kind: str, path: Path) -> None:
    with index.writing() as writer:
        if kind == "sidecar":
            record = read_sidecar(path)
            writer.add_render(record, record.to_bytes())
        else:
            writer.add_event(read_event(path))
