from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.store.samples import sample_event, sample_render

from renderlock.errors import StoreDamaged
from renderlock.spec.standing import Standing
from renderlock.store import Encoded, NewEvent, RenderRecord, Store, check, collect_garbage, info, rebuild


def fill(store: Store) -> list[RenderRecord]:
    records = [store.put(sample_render(number)) for number in range(4)]
    records.append(store.put(sample_render(4, standing=Standing.SANDBOX)))
    store.append(sample_event(1, records[0].address))
    return records


def dump(store: Store) -> list[str]:
    """Every statement that makes the index, in an order that does not depend on when rows came."""
    store.close()
    with closing(sqlite3.connect(store.layout.index)) as opened:
        return sorted(opened.iterdump())


def make_old(path: Path) -> None:
    os.utime(path, (time.time() - 7200, time.time() - 7200))


def left_blob(store: Store) -> Path:
    """A blob as a process leaves it that is killed before the sidecar."""
    record = store.put(sample_render(99))
    store.layout.sidecar(record.address).unlink()
    rebuild(store)
    return store.path_of(record)


def test_a_rebuilt_index_equals_the_one_before(store: Store) -> None:
    fill(store)
    before = dump(store)

    report = rebuild(store)

    assert (report.renders, report.events, report.damaged) == (5, 1, ())
    assert dump(store) == before


@pytest.mark.parametrize("loss", ["deleted", "overwritten"])
def test_an_index_lost_in_whole_is_made_again_from_the_files(store: Store, loss: str) -> None:
    records = fill(store)
    before = dump(store)
    store.layout.index.unlink() if loss == "deleted" else store.layout.index.write_bytes(b"no database" * 1000)

    report = rebuild(store)

    assert (report.renders, report.events) == (5, 1)
    assert dump(store) == before
    assert set(store.records()) == set(records)


def test_a_missing_index_is_filled_by_its_first_use(store: Store) -> None:
    records = fill(store)
    store.close()
    store.layout.index.unlink()

    with Store.open(store.layout.root) as again:
        assert set(again.records()) == set(records)
        assert len(again.events()) == 1


def test_a_rebuild_drops_what_has_no_file_and_names_what_it_cannot_read(store: Store) -> None:
    records = fill(store)
    store.layout.sidecar(records[0].address).unlink()
    store.layout.sidecar(records[1].address).write_text("{}")

    report = rebuild(store)

    assert report.renders == 3
    assert [finding.path for finding in report.damaged] == [store.layout.sidecar(records[1].address)]


def test_garbage_is_listed_but_kept_by_a_dry_run(store: Store) -> None:
    blob = left_blob(store)
    make_old(blob)

    report = collect_garbage(store, dry_run=True)

    assert report.files == ((blob, blob.stat().st_size),)
    assert report.total_bytes == blob.stat().st_size
    assert not report.removed


def test_old_blobs_thumbnails_and_temporary_files_of_nothing_are_removed(store: Store) -> None:
    records = fill(store)
    blob = left_blob(store)
    garbage = [blob, *store.layout.thumbnails.rglob(f"{blob.stem}.webp"), store.layout.tmp / "blob.x.0123456789abcdef"]
    garbage[-1].write_bytes(b"half a pic")
    for path in (*garbage, *store.layout.root.rglob("*.png")):
        make_old(path)

    report = collect_garbage(store, dry_run=False)

    assert {path for path, _ in report.files} == set(garbage)
    assert not any(path.exists() for path in garbage)
    assert all(store.read(record) for record in records)
    assert check(store).findings == ()


def test_young_files_are_left_alone_as_they_may_be_of_a_render_being_kept(store: Store) -> None:
    left_blob(store)
    (store.layout.tmp / "blob.x.0123456789abcdef").write_bytes(b"half a pic")

    assert collect_garbage(store, dry_run=False).files == ()


def test_keeping_a_render_again_makes_its_left_blob_young(store: Store) -> None:
    blob = left_blob(store)
    make_old(blob)

    store.put(sample_render(99))

    assert blob.stat().st_mtime > time.time() - 60
    assert collect_garbage(store, dry_run=False).files == ()


def test_a_providers_file_and_a_blob_an_event_names_are_never_garbage(store: Store) -> None:
    record = store.put(replace(sample_render(1), original=Encoded(b"as sent", "image/png")))
    blob = left_blob(store)
    store.append(NewEvent("decision", blob.stem, "Ada", record.made.created))
    for path in (blob, *store.layout.root.rglob("*.png")):
        make_old(path)

    report = collect_garbage(store, dry_run=False)

    assert [path.name for path, _ in report.files if path.suffix == ".png"] == []
    assert blob.exists()


def test_nothing_is_removed_while_a_sidecar_cannot_be_read(store: Store) -> None:
    records = fill(store)
    store.layout.sidecar(records[0].address).write_text("{}")
    for path in store.layout.blobs.rglob("*.png"):
        make_old(path)

    with pytest.raises(StoreDamaged, match=records[0].address):
        collect_garbage(store, dry_run=False)

    assert store.path_of(records[0]).exists()


def test_info_counts_what_is_there(store: Store) -> None:
    records = fill(store)

    found = info(store)

    assert found.renders == {Standing.PRODUCTION: 4, Standing.SANDBOX: 1}
    assert (found.events, found.blobs, found.schema_version) == (1, 5, 1)
    assert found.blob_bytes == sum(record.blob_bytes for record in records)
    assert found.thumbnail_bytes > 0


def test_a_lost_thumbnail_is_made_again(store: Store) -> None:
    record = store.put(sample_render(1))
    path = store.thumbnail(record, 256)
    path.write_bytes(b"")

    with Image.open(store.thumbnail(record, 256)) as shown:
        assert (shown.format, shown.size) == ("WEBP", (24, 16))
