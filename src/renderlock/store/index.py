"""The SQLite index: fast answers about renders and events, and the lock that orders writers.

It holds nothing that the files do not, except a cache of file hashes; a missing index is filled from the
files when it is first used. One connection serves all threads in turn; WAL lets other processes read on.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from renderlock.errors import StoreDamaged, StoreFull, StoreUnusable
from renderlock.store.files import event_paths, read_event, read_sidecar, sidecar_paths
from renderlock.store.layout import Layout
from renderlock.store.records import Event, RenderRecord, write_time
from renderlock.store.schema import MIGRATIONS, migrate, version_of

BUSY_TIMEOUT_S = 60.0
Value = str | int | None
Row = tuple[str, ...]
"""Queries ask for text only; numbers are cast to it."""


class Writer:
    """What may be changed inside one write transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add_render(self, record: RenderRecord, content: bytes) -> None:
        """Makes the row of a render that of its sidecar, whose bytes are `content`."""
        row = (
            record.address,
            record.digest or "",
            str(record.standing),
            record.blob,
            record.blob_bytes,
            record.original[0] if record.original else "",
            record.media_type,
            record.pixels,
            record.origin.asset,
            record.origin.step,
            write_time(record.made.created),
            content.decode(),
        )
        self._connection.execute("INSERT OR REPLACE INTO renders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def add_event(self, event: Event) -> None:
        """Makes the row of an event that of its file."""
        row = (event.id, event.subject, event.to_bytes().decode())
        self._connection.execute("INSERT OR REPLACE INTO events VALUES (?, ?, ?)", row)

    def execute(self, sql: str, values: Sequence[Value] = ()) -> None:
        """Runs one statement."""
        self._connection.execute(sql, values)

    def fill(self, layout: Layout) -> tuple[StoreDamaged, ...]:
        """Puts every readable sidecar and event in place of what the index held; gives what was not readable."""
        self._connection.execute("DELETE FROM renders")
        self._connection.execute("DELETE FROM events")
        damaged = []
        for path in sidecar_paths(layout):
            try:
                record = read_sidecar(path)
                self.add_render(record, record.to_bytes())
            except StoreDamaged as error:
                damaged.append(error)
        for path in event_paths(layout):
            try:
                self.add_event(read_event(path))
            except StoreDamaged as error:
                damaged.append(error)
        return tuple(damaged)


class Index:
    """The index of one store, opened by its first use and usable from several threads."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """All rows of a query."""
        with self._lock, self._sqlite_errors_as_store_errors():
            return self._connect().execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One write transaction; only one process and thread is inside at a time, and an error undoes it."""
        with self._lock, self._sqlite_errors_as_store_errors(), _transaction(self._connect()) as writer:
            yield writer

    def pairs(self, sql: str) -> dict[str, str]:
        """All rows of a query for two columns, as a mapping from the first to the second."""
        return {first: second for first, second in self.rows(sql)}  # noqa: C416  the type is that of two columns

    def version(self) -> int:
        """The number of the index's last migration."""
        with self._lock, self._sqlite_errors_as_store_errors():
            return version_of(self._connect())

    def close(self) -> None:
        """Closes the connection; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def set_aside(self) -> None:
        """Moves an unreadable index out of the way, so that the next use fills a new one."""
        with self._lock:
            self.close()
            for path in (self._layout.index, *self.side_files()):
                if path.exists():
                    path.replace(path.with_name(f"{path.name}.damaged"))

    def side_files(self) -> tuple[Path, Path]:
        """The files SQLite keeps beside the index while it is in use."""
        name = self._layout.index.name
        return (self._layout.index.with_name(f"{name}-wal"), self._layout.index.with_name(f"{name}-shm"))

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._layout.index, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _use_wal(connection)
        # FULL: a render or an approval that was reported as kept stays in the index after a power failure.
        connection.execute("PRAGMA synchronous = FULL")
        if version_of(connection) == len(MIGRATIONS):
            return
        with _transaction(connection) as writer:
            if migrate(connection, self._layout.root) == 0:
                writer.fill(self._layout)

    @contextmanager
    def _sqlite_errors_as_store_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._store_error(error) from error

    def _store_error(self, error: sqlite3.Error) -> StoreDamaged | StoreFull | StoreUnusable:
        # The low byte is the kind of error, the others say more about it (sqlite.org/rescode.html).
        code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return StoreDamaged(path=self._layout.index, reason=f"{error}; `renderlock store rebuild` makes it again")
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(self._layout.root)):
            return StoreFull(path=self._layout.root)
        action = "Stop other programs that use the store, and make its folder writable."
        return StoreUnusable(path=self._layout.index, reason=str(error), action=action)


def record_of(sidecar: str) -> RenderRecord:
    """The render of an index row."""
    return RenderRecord.from_checked_json(json.loads(sidecar))


def event_of(content: str) -> Event:
    """The event of an index row."""
    return Event.from_json(json.loads(content))


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[Writer]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield Writer(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turns WAL on; SQLite does not wait for another process that is just doing the same."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < 1 << 16
