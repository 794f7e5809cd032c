from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.samples import MOMENT, sample_event, sample_pixels, sample_render

from renderlock.errors import RecipeError
from renderlock.spec.deviation import Deviation
from renderlock.spec.money import Cost
from renderlock.spec.standing import Standing
from renderlock.store.intake import prepare
from renderlock.store.records import Encoded, Event, Made, NewEvent, Origin, RenderRecord, read_time, write_time

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))
costs = st.builds(Cost, st.decimals(0, 1000, places=4), st.sampled_from(["USD", "EUR"]))
memories = st.none() | st.integers(min_value=0, max_value=2**53 - 1)
mades = st.builds(Made, moments, st.floats(0, 1e9), words, words, memories, st.none() | costs)
pairs = st.dictionaries(words, words, max_size=3).map(lambda named: tuple(named.items()))


def fields_of(record: RenderRecord) -> dict[str, object]:
    fields: dict[str, object] = json.loads(record.to_bytes())
    return fields


@given(made=mades, origin=st.builds(Origin, words, words, words, words), source=pairs)
def test_a_render_is_read_back_from_its_sidecar_as_it_was(
    made: Made, origin: Origin, source: tuple[tuple[str, str], ...]
) -> None:
    deviation = Deviation("size", "10x10", "16x16", "whole blocks only")
    new = replace(sample_render(1), made=made, origin=origin, source=source, deviations=(deviation,))
    record = prepare(replace(new, original=Encoded(b"as sent", "image/webp"))).record

    assert RenderRecord.from_json(fields_of(record)) == record


def test_an_import_without_a_recipe_is_read_back_as_it_was() -> None:
    record = prepare(replace(sample_render(1), recipe=None, standing=Standing.IMPORTED)).record

    assert record.digest is None
    assert RenderRecord.from_json(fields_of(record)) == record


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "renderlock render 2"),
        ("digest", "rl1:" + "0" * 64),
        ("blob", "0" * 64),
        ("standing", "sandbox"),
        ("standing", "holy"),
        ("address", "rl-" + "0" * 20),
        ("width", "24"),
        ("made", {"created": "yesterday", "seconds": 1, "environment": "", "host": ""}),
        ("made", {"created": "2026-11-22T09:30:00Z", "environment": "", "host": ""}),
    ],
)
def test_a_changed_sidecar_is_refused(key: str, value: object) -> None:
    fields = fields_of(prepare(sample_render(1)).record)

    with pytest.raises(RecipeError):
        RenderRecord.from_json({**fields, key: value})


def test_text_of_foreign_files_that_is_not_unicode_is_made_valid() -> None:
    record = prepare(replace(sample_render(1), source=(("file", "caf\udce9.png"),))).record

    assert record.source == (("file", "caf?.png"),)
    assert RenderRecord.from_json(fields_of(record)) == record


def test_times_are_kept_in_utc_and_sort_as_text() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    early, late = MOMENT.astimezone(east), MOMENT + timedelta(microseconds=1)

    assert write_time(early) == "2026-11-22T09:30:00.000000Z" < write_time(late)
    assert read_time("created", write_time(early)) == early
    assert Made(early, 1.0).created.tzinfo is UTC


def test_a_time_without_its_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        Made(datetime(2026, 1, 1), 1.0)


@given(by=words, fields=pairs)
def test_an_event_is_read_back_from_its_file_as_it_was(by: str, fields: tuple[tuple[str, str], ...]) -> None:
    event = Event.of(NewEvent("decision", "rl-0000", by, MOMENT, fields))

    assert Event.from_json(json.loads(event.to_bytes())) == event


def test_an_event_is_named_by_its_time_and_its_content() -> None:
    event = Event.of(sample_event(0, "rl-0000"))
    other = Event.of(replace(sample_event(0, "rl-0000"), by="Bob"))

    assert event.id.startswith("20261122T093000000000Z-")
    assert other.id != event.id


def test_a_picture_given_as_pixels_and_as_its_file_has_the_same_pixels() -> None:
    drawn = prepare(sample_render(1))
    (encoded,) = drawn.blobs.values()
    read = prepare(replace(sample_render(1), picture=encoded))

    assert read.record == drawn.record
    assert read.pixels is not None
    assert np.array_equal(read.pixels, sample_pixels(1))
