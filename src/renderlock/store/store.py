"""The store: every picture kept under a permanent address, whole or not at all.

A `Store` may be used by several threads, and its folder by several processes. `docs/store-format.md` is the
contract of the files; `keeping` has the order in which they are written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from renderlock.errors import AmbiguousAddress, UnknownName
from renderlock.imaging.decoding import decode_picture
from renderlock.spec.recipe import FORMAT_TAG, Digest
from renderlock.spec.standing import Standing
from renderlock.store.address import read_prefix
from renderlock.store.disk import has_length, os_errors_as_store_errors
from renderlock.store.files import prove_blob, read_blob, read_sidecar
from renderlock.store.found import FoundRenders
from renderlock.store.founding import found_store, prove_store
from renderlock.store.index import Index, Value, event_of, record_of
from renderlock.store.intake import prepare
from renderlock.store.keeping import finish_interrupted_writes, keep_blob, keep_event, keep_render
from renderlock.store.layout import Layout, ThumbnailSide
from renderlock.store.records import Encoded, Event, NewEvent, NewRender, RenderRecord
from renderlock.store.thumbnails import is_usable, shrink_file, write_thumbnails

_PAGE_ROWS = 500
_LARGE_PX = 64_000_000
"""Pictures with more pixels are read as a stream."""

_AFTER_ALL = ("~", "~")
"""Sorts after every time and every address."""


@dataclass(frozen=True)
class FileStamp:
    """A file as far as can be told without reading it; take it before hashing the file."""

    path: str
    size_bytes: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The stamp of a file as it is now; raises `OSError` where there is none."""
        status = path.stat()
        # A name that is no valid text is escaped, as the index holds text.
        name = str(path.resolve()).encode("utf-8", "backslashreplace").decode()
        return cls(name, status.st_size, status.st_mtime_ns, status.st_ino)


class Store:
    """One store in a folder; threads may share it, each process opens its own."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.index = Index(layout)

    @classmethod
    def create(cls, root: Path) -> Self:
        """The store in `root`, made where there is none.

        Raises `StoreUnusable` for a folder with other things in it, or a store of a newer format.
        """
        with os_errors_as_store_errors(root):
            found_store(Layout(root))
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> Self:
        """The store that is in `root`; raises `StoreUnusable` where there is none this version can read."""
        store = cls(Layout(root))
        with os_errors_as_store_errors(root):
            prove_store(store.layout)
            finish_interrupted_writes(store.layout, store.index)
        return store

    def close(self) -> None:
        """Lets go of the index; a later call opens it again."""
        self.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put(self, picture: NewRender) -> RenderRecord:
        """Keeps a render and gives its record; a render that is there already is given as it was first kept.

        Raises `InputUnusable` where a picture file is not a picture, `StoreFull` or `StoreUnusable` where it
        cannot be kept; then nothing refers to what was written, and `collect_garbage` removes it.
        """
        with os_errors_as_store_errors(self.layout.root):
            prepared = prepare(picture)
            record = keep_render(self.layout, self.index, prepared)
            pixels = shrink_file(self.path_of(record)) if prepared.pixels is None else prepared.pixels
            write_thumbnails(self.layout, record.blob, pixels)
        return record

    def find(self, digest: Digest, standing: Standing) -> RenderRecord | None:
        """The render of that recipe in that standing whose picture is there; None where there is none."""
        return self.find_all([digest], standing).get(digest)

    def find_all(self, digests: Collection[Digest], standing: Standing) -> FoundRenders:
        """The oldest render of each recipe in that standing whose picture file is there and of its length.

        Answered by one query and one look at each file's length: a thousand recipes take about 15 ms.
        """
        sql = (
            "SELECT digest, blob, media_type, CAST(blob_bytes AS TEXT), sidecar FROM renders"
            " WHERE standing = ? AND digest <> '' AND digest IN (SELECT value FROM json_each(?))"
            " ORDER BY created, address"
        )
        found: dict[Digest, str] = {}
        rows = self.index.rows(sql, [standing, json.dumps(list(digests))])
        for digest, blob, media_type, length, sidecar in rows:
            if digest not in found and has_length(self.layout.blob_file(blob, media_type), int(length)):
                found[Digest(digest)] = sidecar
        return FoundRenders(found)

    def get(self, address: str) -> RenderRecord:
        """The render of an address, of a beginning of one that fits no other, or of a whole recipe digest.

        Raises `UnknownName`, `AmbiguousAddress`, or `StoreDamaged` where its sidecar is not what it was.
        """
        matches = self._matches(address)
        if not matches:
            known = f"{self._count()} renders; an address is `rl-` and at least 4 more characters"
            raise UnknownName(kind="render", name=address, known=known)
        if len(matches) > 1:
            listed = ", ".join(matches[:5]) + (" …" if len(matches) > 5 else "")
            raise AmbiguousAddress(address=address, count=len(matches), matches=listed)
        with os_errors_as_store_errors(self.layout.root):
            return read_sidecar(self.layout.sidecar(matches[0]))

    def standings_of(self, sha256: str) -> frozenset[Standing]:
        """In which standings a picture is kept, named by its pixels, its file or the provider's file."""
        sql = "SELECT standing FROM renders WHERE pixels = ?1 UNION SELECT standing FROM renders WHERE blob = ?1"
        sql += " UNION SELECT standing FROM renders WHERE original = ?1 AND original <> ''"
        return frozenset(Standing(standing) for (standing,) in self.index.rows(sql, [sha256]))

    def refers_to(self, sha256: str) -> bool:
        """Whether any render refers to a blob: as its picture, a provider's file, or a file it was made with."""
        return bool(self.index.rows("SELECT address FROM renders WHERE instr(sidecar, ?) LIMIT 1", [sha256]))

    def read(self, record: RenderRecord) -> bytes:
        """The bytes of a render's picture file; raises `StoreDamaged` where they are not what their name says."""
        with os_errors_as_store_errors(self.layout.root):
            return read_blob(self.path_of(record), record.blob)

    def prove(self, record: RenderRecord) -> Path:
        """The picture file of a render, for what reads it in parts; raises `StoreDamaged` as `read` does."""
        path = self.path_of(record)
        with os_errors_as_store_errors(self.layout.root):
            prove_blob(path, record.blob)
        return path

    def path_of(self, record: RenderRecord) -> Path:
        """The picture file of a render."""
        return self.layout.blob(record.blob, record.media_type)

    def thumbnail(self, record: RenderRecord, side: ThumbnailSide) -> Path:
        """The WebP thumbnail of a render, made where it is missing; the longest side has `side` pixels at most."""
        path = self.layout.thumbnail(record.blob, side)
        if not is_usable(path):
            large = record.size.width * record.size.height > _LARGE_PX
            pixels = shrink_file(self.path_of(record)) if large else decode_picture(self.read(record))
            with os_errors_as_store_errors(self.layout.root):
                write_thumbnails(self.layout, record.blob, pixels)
        return path

    def records(
        self, *, standing: Standing | None = None, asset: str | None = None, step: str | None = None
    ) -> Iterator[RenderRecord]:
        """The renders of that standing, asset and step, newest first; those added meanwhile are left out."""
        sql = (
            "SELECT created, address, sidecar FROM renders WHERE (created, address) < (?1, ?2)"
            " AND (?3 IS NULL OR standing = ?3) AND (?4 IS NULL OR asset = ?4) AND (?5 IS NULL OR step = ?5)"
            " ORDER BY created DESC, address DESC LIMIT ?6"
        )
        last = _AFTER_ALL
        while True:
            rows = self.index.rows(sql, [*last, standing, asset, step, _PAGE_ROWS])
            yield from (record_of(sidecar) for _, _, sidecar in rows)
            if len(rows) < _PAGE_ROWS:
                return
            last = (rows[-1][0], rows[-1][1])

    def append(self, event: NewEvent) -> Event:
        """Keeps an event for good; the same event said twice is kept once."""
        kept = Event.of(event)
        with os_errors_as_store_errors(self.layout.root):
            keep_event(self.layout, self.index, kept)
        return kept

    def events(self, subject: str | None = None) -> tuple[Event, ...]:
        """The events about one address, or all, oldest first."""
        if subject is None:
            rows = self.index.rows("SELECT content FROM events ORDER BY id")
        else:
            rows = self.index.rows("SELECT content FROM events WHERE subject = ? ORDER BY id", [subject])
        return tuple(event_of(content) for (content,) in rows)

    def events_of(self, kind: str, after: int = 0) -> tuple[tuple[Event, ...], int]:
        """The events whose kind begins with `kind`, oldest first, and a mark to give as `after` for only newer ones."""
        sql = (
            "SELECT content, CAST(rowid AS TEXT) FROM events WHERE rowid > ?1"
            " AND substr(json_extract(content, '$.kind'), 1, ?2) = ?3 ORDER BY id"
        )
        rows = self.index.rows(sql, [after, len(kind), kind])
        mark = max((int(row) for _, row in rows), default=after)
        return tuple(event_of(content) for content, _ in rows), mark

    def keep_blob(self, encoded: Encoded) -> str:
        """Keeps bytes under their SHA-256, durable at return; an event must soon name them, or they are garbage."""
        sha256 = hashlib.sha256(encoded.data).hexdigest()
        with os_errors_as_store_errors(self.layout.root):
            keep_blob(self.layout, sha256, encoded)
        return sha256

    def blob(self, sha256: str, media_type: str) -> bytes:
        """The bytes of a blob; raises `StoreDamaged` where they are not there or not what their name says."""
        with os_errors_as_store_errors(self.layout.root):
            return read_blob(self.layout.blob(sha256, media_type), sha256)

    def cached_hash(self, stamp: FileStamp) -> str | None:
        """The SHA-256 remembered for a file that has not changed since; None where there is none."""
        sql = "SELECT sha256 FROM file_hashes WHERE path = ? AND size_bytes = ? AND modified_ns = ? AND inode = ?"
        rows = self.index.rows(sql, [stamp.path, stamp.size_bytes, stamp.modified_ns, stamp.inode])
        return rows[0][0] if rows else None

    def remember_hash(self, stamp: FileStamp, sha256: str) -> None:
        """Remembers a file's SHA-256 until its length, time or inode changes."""
        row: list[Value] = [stamp.path, stamp.size_bytes, stamp.modified_ns, stamp.inode, sha256]
        with self.index.writing() as writer:
            writer.execute("INSERT OR REPLACE INTO file_hashes VALUES (?, ?, ?, ?, ?)", row)

    def _matches(self, address: str) -> list[str]:
        if address.startswith(f"{FORMAT_TAG}:"):
            rows = self.index.rows("SELECT address FROM renders WHERE digest = ? ORDER BY address", [address])
            return [match for (match,) in rows]
        prefix = read_prefix(address)
        if prefix is None:
            return []
        sql = "SELECT address FROM renders WHERE address >= ? AND address < ? ORDER BY address"
        return [match for (match,) in self.index.rows(sql, [prefix, prefix + "~"])]

    def _count(self) -> int:
        return int(self.index.rows("SELECT CAST(count(*) AS TEXT) FROM renders")[0][0])
