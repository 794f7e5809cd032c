"""What renders took, kept in the store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.actions.memory.samples import MIB, measured, parts_of, shape_of

from renderlock.actions.memory.history import MEASURED_KIND, StoredHistory
from renderlock.store.records import NewEvent
from renderlock.store.store import Store


def test_what_was_measured_is_there_when_the_store_is_opened_again(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        history = StoredHistory(store)
        history.note(measured(512, 300, 200))
        history.note_parts(shape_of(256), parts_of(50))

    with Store.open(tmp_path / "store") as store:
        again = StoredHistory(store)
        assert again.measured(shape_of(512)) == (measured(512, 300, 200),)
        assert again.parts(shape_of(256)) == parts_of(50)
        assert again.parts(shape_of(512)) is None


def test_equal_renders_leave_one_event_and_a_larger_one_another(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        history = StoredHistory(store)
        for peak in (300, 301, 299, 340, 300):
            history.note(measured(512, peak, 200))

        kept = [event for event in store.events() if event.kind == MEASURED_KIND]

    assert [one.peak_bytes // MIB for one in history.measured(shape_of(512))] == [300, 340]
    assert len(kept) == 2


def test_parts_found_twice_are_kept_once(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        history = StoredHistory(store)
        for _ in range(3):
            history.note_parts(shape_of(256), parts_of(50))

        assert len(store.events()) == 1


def test_an_event_written_otherwise_teaches_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        for fields in ((), (("shape", "{"), ("result", "[]")), (("shape", "{}"), ("result", "{}"))):
            store.append(NewEvent(MEASURED_KIND, "m", "renderlock", datetime.now(UTC), fields))
        StoredHistory(store).note(measured(512, 300, 200))

        assert StoredHistory(store).measured(shape_of(512)) == (measured(512, 300, 200),)
