from __future__ import annotations

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from tests.store.samples import MOMENT, sample_event, sample_pixels, sample_recipe, sample_render

from renderlock.errors import AmbiguousAddress, InputUnusable, StoreDamaged, StoreUnusable, UnknownName
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.spec.standing import Standing
from renderlock.store import Encoded, FileStamp, Made, Store
from renderlock.store.intake import prepare

pictures = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12).flatmap(
    lambda sides: st.sampled_from((3, 4)).flatmap(lambda channels: arrays(np.uint8, (*sides, channels)))
)


def webp_of(pixels: Pixels) -> Encoded:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True)
    return Encoded(buffer.getvalue(), "image/webp")


@settings(max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pixels=pictures, seed=st.integers(0, 2**53 - 1), standing=st.sampled_from(Standing))
def test_what_was_put_is_got(store: Store, pixels: Pixels, seed: int, standing: Standing) -> None:
    new = replace(sample_render(0, standing=standing), picture=pixels, recipe=sample_recipe(seed))

    record = store.put(new)

    assert store.get(record.address) == record
    assert (decode_picture(store.read(record)) == pixels).all()
    assert store.find(sample_recipe(seed).digest, standing) is not None


def test_a_picture_lies_under_the_hash_of_its_bytes(store: Store) -> None:
    record = store.put(sample_render(1))
    path = store.path_of(record)

    assert path.name == hashlib.sha256(path.read_bytes()).hexdigest() + ".png"
    assert path.parent.name == path.name[:2]


def test_a_second_put_changes_nothing_and_gives_the_first_record(store: Store, tmp_path: Path) -> None:
    first = store.put(sample_render(1))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*.[pjw]*")}

    again = store.put(replace(sample_render(1), made=Made(MOMENT, 99.0)))

    assert again == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*.[pjw]*")} == before
    assert list(store.records()) == [first]


def test_nothing_temporary_is_left_when_all_went_well(store: Store) -> None:
    record = store.put(sample_render(1))
    store.append(sample_event(1, record.address))

    assert list(store.layout.tmp.iterdir()) == []


def test_an_imported_file_is_kept_byte_for_byte(store: Store) -> None:
    picture = webp_of(sample_pixels(1))

    record = store.put(replace(sample_render(1, standing=Standing.IMPORTED), picture=picture, recipe=None))

    assert store.path_of(record).suffix == ".webp"
    assert store.read(record) == picture.data
    assert (record.size.width, record.size.height) == (24, 16)


def test_the_providers_own_file_is_kept_beside_the_picture(store: Store) -> None:
    original = webp_of(sample_pixels(1))

    record = store.put(replace(sample_render(1), original=original))

    assert record.original is not None
    assert store.layout.blob(*record.original).read_bytes() == original.data


def test_a_file_that_is_no_picture_is_refused_by_its_name(store: Store) -> None:
    bad = replace(sample_render(1), picture=Encoded(b"no picture", "image/png"), source=(("file", "old/a.png"),))

    with pytest.raises(InputUnusable, match=r"old/a\.png"):
        store.put(bad)

    assert list(store.layout.blobs.rglob("*")) == []


def test_a_render_is_found_only_in_its_own_standing(store: Store) -> None:
    record = store.put(sample_render(1, standing=Standing.REHEARSAL))
    digest = sample_recipe(1).digest

    assert store.find(digest, Standing.REHEARSAL) == record
    assert store.find(digest, Standing.PRODUCTION) is None


def test_the_same_picture_in_two_standings_is_two_renders(store: Store) -> None:
    one, two = (store.put(sample_render(1, standing=standing)) for standing in (Standing.SANDBOX, Standing.PRODUCTION))

    assert one.address != two.address
    assert store.standings_of(one.pixels) == {Standing.SANDBOX, Standing.PRODUCTION}
    assert store.standings_of(one.blob) == {Standing.SANDBOX}
    assert store.standings_of("0" * 64) == frozenset()


def test_the_standing_of_the_providers_own_file_is_known_too(store: Store) -> None:
    record = store.put(replace(sample_render(1, standing=Standing.SANDBOX), original=webp_of(sample_pixels(2))))

    assert record.original is not None
    assert store.standings_of(record.original[0]) == {Standing.SANDBOX}


def test_many_recipes_are_found_at_once(store: Store) -> None:
    kept = {sample_recipe(number).digest: store.put(sample_render(number)) for number in range(12)}
    asked = [sample_recipe(number).digest for number in range(6, 1800)]

    found = store.find_all(asked, Standing.PRODUCTION)

    assert dict(found) == {digest: kept[digest] for digest in asked[:6]}
    assert len(found) == 6
    assert asked[10] not in found


@pytest.mark.parametrize("damage", ["remove", "shorten"])
def test_a_render_whose_picture_file_is_gone_or_short_is_not_found_and_can_be_put_again(
    store: Store, damage: str
) -> None:
    record = store.put(sample_render(1))
    path = store.path_of(record)
    path.unlink() if damage == "remove" else os.truncate(path, 10)

    assert store.find(sample_recipe(1).digest, Standing.PRODUCTION) is None
    assert store.put(sample_render(1)) == record
    assert (decode_picture(store.read(record)) == sample_pixels(1)).all()


def test_of_two_pictures_of_one_recipe_the_oldest_that_is_there_is_found(store: Store) -> None:
    newer = store.put(sample_render(1))
    older = store.put(replace(sample_render(1), picture=sample_pixels(2), made=Made(MOMENT, 1.0)))
    digest = sample_recipe(1).digest

    assert store.find(digest, Standing.PRODUCTION) == older
    store.path_of(older).unlink()
    assert store.find(digest, Standing.PRODUCTION) == newer


def test_a_short_address_and_a_whole_digest_name_a_render(store: Store) -> None:
    record = store.put(sample_render(1))

    assert store.get(record.address[:7]) == record
    assert store.get(record.address.upper()) == record
    assert store.get(sample_recipe(1).digest) == record


@pytest.mark.parametrize("address", ["rl-0000", "rl-", "hero", "rl1:" + "0" * 64])
def test_an_address_of_nothing_is_an_unknown_name(store: Store, address: str) -> None:
    store.put(sample_render(1))

    with pytest.raises(UnknownName, match="render"):
        store.get(address)


def test_a_name_that_fits_two_renders_is_ambiguous_and_both_are_listed(store: Store) -> None:
    records = [store.put(sample_render(1, standing=standing)) for standing in (Standing.SANDBOX, Standing.PRODUCTION)]

    with pytest.raises(AmbiguousAddress) as raised:
        store.get(sample_recipe(1).digest)

    assert all(record.address in str(raised.value) for record in records)


def test_records_come_newest_first_and_only_those_asked_for(store: Store) -> None:
    hero = [store.put(sample_render(number)) for number in (1, 2, 3)]
    icon = store.put(sample_render(4, asset="icon", standing=Standing.SANDBOX))

    assert list(store.records()) == [icon, *reversed(hero)]
    assert list(store.records(asset="icon")) == [icon]
    assert list(store.records(standing=Standing.PRODUCTION, step="quick-pass")) == hero[::-1]
    assert list(store.records(step="final")) == []


def test_more_records_than_one_page_come_each_once_even_when_made_at_one_moment(store: Store) -> None:
    records = [prepare(replace(sample_render(number), made=Made(MOMENT, 1.0))).record for number in range(1001)]
    with store.index.writing() as writer:
        for record in records:
            writer.add_render(record, record.to_bytes())

    assert list(store.records()) == sorted(records, key=lambda record: record.address, reverse=True)


def test_a_damaged_picture_is_named_when_it_is_read(store: Store) -> None:
    record = store.put(sample_render(1))
    data = bytearray(store.read(record))
    data[-1] ^= 1
    store.path_of(record).write_bytes(data)

    with pytest.raises(StoreDamaged, match=record.blob):
        store.read(record)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "renderlock render 1"}', b"\xff\xfe"])
def test_a_damaged_sidecar_is_named_when_it_is_read(store: Store, content: bytes) -> None:
    record = store.put(sample_render(1))
    store.layout.sidecar(record.address).write_bytes(content)

    with pytest.raises(StoreDamaged, match=record.address):
        store.get(record.address)


def test_events_come_oldest_first_and_outlive_the_store_object(store: Store) -> None:
    late, early = (store.append(sample_event(number, "rl-0001")) for number in (2, 1))
    other = store.append(sample_event(3, "rl-0002"))
    store.close()

    with Store.open(store.layout.root) as again:
        assert again.events("rl-0001") == (early, late)
        assert again.events() == (early, late, other)


def test_the_same_event_said_twice_is_one_file(store: Store) -> None:
    first, second = (store.append(sample_event(1, "rl-0001")) for _ in range(2))

    assert first == second
    assert store.events() == (first,)
    assert len(list(store.layout.event_log.rglob("*.json"))) == 1


def test_a_files_hash_is_remembered_until_the_file_changes(store: Store, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"one")
    store.remember_hash(FileStamp.of(weights), "a" * 64)
    unchanged = store.cached_hash(FileStamp.of(weights))
    weights.write_bytes(b"other")

    assert unchanged == "a" * 64
    assert store.cached_hash(FileStamp.of(weights)) is None


def test_threads_share_one_store(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        records = list(pool.map(lambda number: store.put(sample_render(number % 10)), range(40)))

    assert len({record.address for record in records}) == 10
    assert set(store.records()) == set(records)


def test_an_index_that_cannot_be_opened_is_named(store: Store) -> None:
    store.layout.index.mkdir()

    with pytest.raises(StoreUnusable, match=r"index\.sqlite"):
        list(store.records())
