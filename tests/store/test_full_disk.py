"""Real refusals of the operating system: a small disk that fills up, and a limit on the length of files."""

from __future__ import annotations

import itertools
import multiprocessing
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.samples import sample_pixels, sample_render
from tests.store.writers import put_where_files_may_have

from renderlock.errors import StoreFull
from renderlock.store import NewRender, RenderRecord, Store, check, collect_garbage


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("side_px", [8, 60, 110, 200])
def test_a_full_disk_is_an_error_of_its_own_and_work_goes_on_once_there_is_room(small_disk: Path, side_px: int) -> None:
    def render(number: int) -> NewRender:
        return replace(sample_render(number), picture=sample_pixels(number, width=side_px, height=side_px))

    kept: list[RenderRecord] = []
    with Store.create(small_disk / "store") as store:
        with pytest.raises(StoreFull, match=str(small_disk)):
            kept.extend(store.put(render(number)) for number in itertools.count())

        report = check(store)
        assert report.of_kind("damaged") + report.of_kind("missing") == ()
        assert kept == [store.get(record.address) for record in kept]
    with Store.open(small_disk / "store") as store:
        collect_garbage(store, dry_run=False, grace_s=0)
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    with Store.open(small_disk / "store") as store:
        assert check(store).sound
        store.put(render(len(kept)))
        assert check(store).findings == ()


def test_what_the_system_refuses_to_write_leaves_nothing_behind(store: Store) -> None:
    store.put(sample_render(2))
    store.close()
    context = multiprocessing.get_context("forkserver")
    hear, tell = context.Pipe(duplex=False)
    writer = context.Process(target=put_where_files_may_have, args=(store.layout.root, 100_000, tell))
    writer.start()
    said = hear.recv() if hear.poll(60) else "nothing"
    writer.join()

    assert said.startswith("StoreUnusable")
    assert "File too large" in said
    assert list(store.layout.tmp.iterdir()) == []
    assert check(store).findings == ()
