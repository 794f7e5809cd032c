"""Pictures too large for memory are moved into the store, and are then renders like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.store.samples import sample_pixels, sample_render

from renderlock.errors import StoreUnusable
from renderlock.imaging.pixels import digest_pixels
from renderlock.imaging.sinks import PictureForm, open_sink
from renderlock.store import NewRender, StagedPicture, Store, check, rebuild


def stage(path: Path, number: int = 1, *, width: int = 640, height: int = 480) -> StagedPicture:
    pixels = sample_pixels(number, width=width, height=height)
    with open_sink(path, PictureForm.of(pixels)) as sink:
        sink.write(pixels)
    return StagedPicture(path, "image/png", width, height, digest_pixels(pixels))


def staged_render(path: Path, number: int = 1) -> NewRender:
    source = (("base", "rl-base"), ("tiles", "rl-1 rl-2"))
    return replace(sample_render(number), picture=stage(path, number), source=source)


@pytest.mark.parametrize("inside", [True, False])
def test_a_staged_file_is_moved_in_and_found_by_its_recipe(store: Store, tmp_path: Path, inside: bool) -> None:
    path = (store.layout.tmp if inside else tmp_path) / "final.png"
    new = staged_render(path)
    data = path.read_bytes()

    record = store.put(new)

    assert not path.exists()
    assert list(store.layout.tmp.iterdir()) == []
    assert store.read(record) == data
    assert record.pixels == digest_pixels(sample_pixels(1, width=640, height=480))
    assert (record.size.width, record.size.height, record.media_type) == (640, 480, "image/png")
    assert dict(store.get(record.address).source)["tiles"] == "rl-1 rl-2"


def test_a_store_with_staged_pictures_is_sound_and_rebuilds(store: Store, tmp_path: Path) -> None:
    record = store.put(staged_render(tmp_path / "final.png"))
    store.index.close()
    store.layout.index.unlink()

    assert rebuild(store).renders == 1
    assert check(store).sound
    assert [found.address for found in store.records()] == [record.address]


def test_the_same_staged_picture_twice_is_kept_once(store: Store, tmp_path: Path) -> None:
    first = store.put(staged_render(tmp_path / "a.png"))

    second = store.put(staged_render(tmp_path / "b.png"))

    assert second == first
    assert not (tmp_path / "b.png").exists()
    assert check(store).blobs == 1


def test_thumbnails_of_staged_pictures_show_them(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "halves.png"
    pixels = np.zeros((600, 1200, 3), np.uint8)
    pixels[:, 600:] = (200, 100, 50)
    with open_sink(path, PictureForm.of(pixels)) as sink:
        sink.write(pixels)
    staged = StagedPicture(path, "image/png", 1200, 600, digest_pixels(pixels))

    record = store.put(replace(sample_render(1), picture=staged))

    with Image.open(store.thumbnail(record, 256)) as shown:
        assert shown.size == (256, 128)
        right = np.asarray(shown.convert("RGB"))[20:100, 150:250].astype(int)
    assert np.abs(right - (200, 100, 50)).max() < 8


def test_thumbnails_are_made_of_the_smaller_picture_where_one_is_given(store: Store, tmp_path: Path) -> None:
    small = np.full((512, 683, 3), (10, 180, 90), np.uint8)
    staged = replace(stage(tmp_path / "final.png"), small=small)

    record = store.put(replace(sample_render(1), picture=staged))

    with Image.open(store.thumbnail(record, 512)) as shown:
        assert shown.size == (512, 384)
        assert np.abs(np.asarray(shown.convert("RGB")).astype(int) - (10, 180, 90)).max() < 8


def test_a_staged_file_that_is_not_there_is_an_error_and_keeps_nothing(store: Store, tmp_path: Path) -> None:
    staged = StagedPicture(tmp_path / "gone.png", "image/png", 10, 10, "0" * 64)

    with pytest.raises(StoreUnusable, match="cannot be used"):
        store.put(replace(sample_render(1), picture=staged))

    assert list(store.records()) == []


def test_a_damaged_blob_of_that_name_is_replaced(store: Store, tmp_path: Path) -> None:
    record = store.put(staged_render(tmp_path / "a.png"))
    store.path_of(record).write_bytes(b"cut short")

    store.put(staged_render(tmp_path / "b.png"))

    assert check(store).sound
