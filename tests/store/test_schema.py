from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.samples import sample_render

from renderlock.errors import StoreUnusable
from renderlock.store import Store
from renderlock.store.schema import MIGRATIONS, migrate, version_of

ONE = ("CREATE TABLE things (name TEXT)", "INSERT INTO things VALUES ('first')")
TWO = ("ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        yield opened


def test_an_old_index_gets_only_the_migrations_it_lacks(connection: sqlite3.Connection) -> None:
    migrate(connection, Path("store"), (ONE,))

    before = migrate(connection, Path("store"), (ONE, TWO))

    assert (before, version_of(connection)) == (1, 2)
    assert connection.execute("SELECT * FROM things").fetchall() == [("first", "red")]


def test_an_index_of_a_newer_version_is_refused_and_unchanged(connection: sqlite3.Connection) -> None:
    migrate(connection, Path("store"), (ONE, TWO))

    with pytest.raises(StoreUnusable, match="version 2"):
        migrate(connection, Path("store"), (ONE,))

    assert version_of(connection) == 2


def test_a_store_refuses_the_index_of_a_newer_renderlock(store: Store) -> None:
    store.put(sample_render(1))
    store.close()
    with closing(sqlite3.connect(store.layout.index)) as opened:
        opened.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")

    with pytest.raises(StoreUnusable) as raised:
        list(store.records())

    assert raised.value.advice == "Update renderlock."
