"""The tables of the index, as numbered migrations: a migration that has shipped is never changed.

The number of the last one is SQLite's `user_version`. All of the index can be made again from the files,
except `file_hashes`, which is a cache.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from renderlock.errors import StoreUnusable

Migration = Sequence[str]
"""The statements that lead from one version to the next."""

MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE renders (
            address TEXT NOT NULL PRIMARY KEY,
            digest TEXT NOT NULL,
            standing TEXT NOT NULL,
            blob TEXT NOT NULL,
            blob_bytes INTEGER NOT NULL,
            original TEXT NOT NULL,
            media_type TEXT NOT NULL,
            pixels TEXT NOT NULL,
            asset TEXT NOT NULL,
            step TEXT NOT NULL,
            created TEXT NOT NULL,
            sidecar TEXT NOT NULL
        )""",
        "CREATE INDEX renders_by_digest ON renders (digest, standing) WHERE digest <> ''",
        "CREATE INDEX renders_by_blob ON renders (blob)",
        "CREATE INDEX renders_by_original ON renders (original) WHERE original <> ''",
        "CREATE INDEX renders_by_pixels ON renders (pixels)",
        "CREATE INDEX renders_by_time ON renders (created, address)",
        """CREATE TABLE events (
            id TEXT NOT NULL PRIMARY KEY,
            subject TEXT NOT NULL,
            content TEXT NOT NULL
        )""",
        "CREATE INDEX events_by_subject ON events (subject, id)",
        """CREATE TABLE file_hashes (
            path TEXT NOT NULL PRIMARY KEY,
            size_bytes INTEGER NOT NULL,
            modified_ns INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            sha256 TEXT NOT NULL
        )""",
    ),
)


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the last migration this index has had; 0 for an empty one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Applies the migrations that are missing and gives the version before.

    Call it inside a write transaction: either all of them hold afterwards, or none. Raises `StoreUnusable`
    where a newer renderlock made the index.
    """
    before = version_of(connection)
    if before > len(migrations):
        reason = f"its index has version {before}, this renderlock knows {len(migrations)}"
        raise StoreUnusable(path=path, reason=reason, action="Update renderlock.")
    for migration in migrations[before:]:
        for statement in migration:
            connection.execute(statement)
    # PRAGMA takes no parameters; the value is a length.
    connection.execute(f"PRAGMA user_version = {len(migrations)}")
    return before
