"""What the journal of paid calls needs from the store: blobs before renders, and events by kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.samples import sample_event

from renderlock.errors import StoreDamaged
from renderlock.store import Store
from renderlock.store.maintenance import check, collect_garbage
from renderlock.store.records import Encoded


def test_a_blob_kept_for_an_event_is_read_back_and_is_no_garbage(store: Store) -> None:
    sha256 = store.keep_blob(Encoded(b"bytes that were paid for", "image/png"))
    store.append(replace(sample_event(1, "call"), kind="call-kept", fields=(("picture", sha256),)))

    report = collect_garbage(store, dry_run=False, grace_s=0)

    assert report.files == ()
    assert store.blob(sha256, "image/png") == b"bytes that were paid for"
    assert check(store).sound


def test_a_blob_nothing_names_is_garbage(store: Store) -> None:
    sha256 = store.keep_blob(Encoded(b"nobody wants it", "image/png"))

    collect_garbage(store, dry_run=False, grace_s=-1)

    with pytest.raises((StoreDamaged, OSError)):
        store.blob(sha256, "image/png")


def test_events_are_given_by_the_beginning_of_their_kind_and_only_the_new_ones(store: Store) -> None:
    for number, kind in enumerate(["call-intent", "decision", "call-kept"]):
        store.append(replace(sample_event(number, "call"), kind=kind))
    first, mark = store.events_of("call-")
    store.append(replace(sample_event(9, "call"), kind="call-failed"))

    newer, _ = store.events_of("call-", mark)

    assert [event.kind for event in first] == ["call-intent", "call-kept"]
    assert [event.kind for event in newer] == ["call-failed"]
    assert store.events_of("call-", store.events_of("")[1])[0] == ()
