from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store.samples import sample_event, sample_render

from renderlock.store import RenderRecord, Store, check
from renderlock.store.soundness import FindingKind


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture
def record(store: Store) -> RenderRecord:
    for number in range(3):
        kept = store.put(sample_render(number))
        store.append(sample_event(number, kept.address))
    return kept


def test_a_store_in_order_has_no_findings(store: Store, record: RenderRecord) -> None:
    report = check(store)

    assert report.sound
    assert report.findings == ()
    assert (report.renders, report.events, report.blobs) == (3, 3, 3)


@pytest.mark.parametrize(
    ("kind", "harm", "place"),
    [
        ("damaged", flip_a_bit, lambda store, record: store.path_of(record)),
        ("damaged", lambda path: os.truncate(path, 0), lambda store, record: store.path_of(record)),
        ("missing", Path.unlink, lambda store, record: store.path_of(record)),
        ("damaged", flip_a_bit, lambda store, record: store.layout.event(store.events()[0].id)),
        ("missing", Path.unlink, lambda store, record: store.layout.event(store.events()[0].id)),
        ("damaged", lambda path: path.write_text("{"), lambda store, record: store.layout.sidecar(record.address)),
        ("missing", Path.unlink, lambda store, record: store.layout.sidecar(record.address)),
    ],
)
def test_what_is_damaged_or_missing_is_named(
    store: Store,
    record: RenderRecord,
    kind: FindingKind,
    harm: Callable[[Path], object],
    place: Callable[[Store, RenderRecord], Path],
) -> None:
    path = place(store, record)
    harm(path)

    report = check(store)

    assert not report.sound
    assert path in [finding.path for finding in report.of_kind(kind)]


def test_a_sidecar_moved_to_another_name_is_damaged(store: Store, record: RenderRecord) -> None:
    path = store.layout.sidecar(record.address)
    moved = path.rename(path.with_name("rl-00000000000000000000.json"))

    assert moved in [finding.path for finding in check(store).of_kind("damaged")]


def test_a_sidecar_that_says_other_than_the_index_is_unindexed(store: Store, record: RenderRecord) -> None:
    path = store.layout.sidecar(record.address)
    path.write_bytes(path.read_bytes().replace(b'"hero"', b'"icon"'))

    (finding,) = check(store).findings

    assert (finding.kind, finding.path) == ("unindexed", path)


def test_what_the_index_lost_is_unindexed(store: Store, record: RenderRecord) -> None:
    with store.index.writing() as writer:
        writer.execute("DELETE FROM renders WHERE address = ?", [record.address])
        writer.execute("DELETE FROM events")

    paths = {finding.path for finding in check(store).of_kind("unindexed")}

    assert store.layout.sidecar(record.address) in paths
    assert len(paths) == 4


def test_a_blob_nothing_refers_to_is_an_orphan_and_the_store_still_sound(store: Store, record: RenderRecord) -> None:
    stray = store.layout.blobs / "notes.txt" / "x"
    stray.parent.mkdir()
    stray.touch()
    with store.index.writing() as writer:
        writer.execute("DELETE FROM renders WHERE address = ?", [record.address])
    store.layout.sidecar(record.address).unlink()

    report = check(store)

    assert {finding.path for finding in report.of_kind("orphan")} == {stray, store.path_of(record)}
    assert report.sound


def test_an_index_that_is_no_database_is_damaged(store: Store, record: RenderRecord) -> None:
    store.close()
    store.layout.index.write_bytes(b"no database" * 1000)

    report = check(store)

    assert [finding.path for finding in report.of_kind("damaged")] == [store.layout.index]
