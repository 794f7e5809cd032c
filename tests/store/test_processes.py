"""Several processes in one store, and processes killed at any moment."""

from __future__ import annotations

import multiprocessing
import random
import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from tests.store.samples import sample_event, sample_recipe, sample_render
from tests.store.writers import collect_garbage_until_told, put_range, put_until_killed

from renderlock.spec.standing import Standing
from renderlock.store import Store, check, rebuild

KILLS = 24


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.writers"])
    return context


def kill_a_writer(processes: ForkServerContext, root: Path, start: int, after_s: float) -> list[str]:
    """Every address a writer reported as kept before it was killed."""
    hear, tell = processes.Pipe(duplex=False)
    writer = processes.Process(target=put_until_killed, args=(root, start, tell))
    writer.start()
    tell.close()
    if start:
        assert hear.poll(300), "the writer never kept anything"
    time.sleep(after_s)
    writer.kill()
    writer.join()
    return heard(hear)


def heard(pipe: Connection[str, str]) -> list[str]:
    addresses = []
    try:
        while pipe.poll():
            addresses.append(str(pipe.recv()))
    except EOFError:
        pass  # The writer is dead, and all it said was read.
    pipe.close()
    return addresses


def test_two_processes_keep_the_same_and_other_renders_at_once(processes: ForkServerContext, tmp_path: Path) -> None:
    root = tmp_path / "store"
    writers = [processes.Process(target=put_range, args=(root, start, start + 30)) for start in (0, 15)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0]
    with Store.open(root) as store:
        digests = [sample_recipe(number).digest for number in range(45)]
        assert len(store.find_all(digests, Standing.PRODUCTION)) == len(list(store.records())) == 45
        assert len(store.events()) == 45
        assert check(store).findings == ()


def test_a_garbage_collection_without_grace_takes_nothing_from_a_render_being_kept(
    processes: ForkServerContext, store: Store
) -> None:
    hear, tell = processes.Pipe(duplex=False)
    collector = processes.Process(target=collect_garbage_until_told, args=(store.layout.root, hear))
    collector.start()
    records = [store.put(sample_render(number)) for number in range(80)]
    tell.send("done")
    collector.join()

    assert collector.exitcode == 0
    assert check(store).findings == ()
    assert all(store.read(record) for record in records)


def test_a_writer_killed_at_any_moment_leaves_a_sound_store_with_all_it_reported(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    moments = random.Random(20261122)
    for kill in range(KILLS):
        reported = kill_a_writer(processes, tmp_path / "store", 1000 * (kill + 1), moments.uniform(0, 0.08))

        with Store.open(tmp_path / "store") as store:
            report = check(store)
            assert report.sound, report.findings
            assert reported
            assert all(store.events(store.get(address).address) for address in reported)


def test_a_process_killed_while_it_makes_the_store_leaves_one_that_can_be_made(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    moments = random.Random(1)
    for kill in range(KILLS):
        root = tmp_path / f"store-{kill}"
        kill_a_writer(processes, root, 0, moments.uniform(0, 0.06))

        with Store.create(root) as store:
            store.put(sample_render(5))
            assert check(store).sound


def test_a_render_killed_just_before_its_index_row_is_indexed_by_the_next_to_open(store: Store) -> None:
    record = store.put(sample_render(1))
    event = store.append(sample_event(1, record.address))
    with store.index.writing() as writer:
        writer.execute("DELETE FROM renders")
        writer.execute("DELETE FROM events")
    store.layout.new_temp("sidecar", record.address).hardlink_to(store.layout.sidecar(record.address))
    store.layout.new_temp("event", event.id).hardlink_to(store.layout.event(event.id))

    with Store.open(store.layout.root) as again:
        assert again.find(sample_recipe(1).digest, Standing.PRODUCTION) == record
        assert again.events() == (event,)
        assert list(again.layout.tmp.iterdir()) == []


def test_a_temporary_file_cut_short_by_a_kill_is_left_to_the_garbage_collection(store: Store) -> None:
    temp = store.layout.new_temp("sidecar", "rl-00000000000000000000")
    temp.write_text('{"format":"renderlock ren')

    with Store.open(store.layout.root) as again:
        assert check(again).findings == ()
    assert temp.exists()


def test_the_log_of_a_deleted_index_is_not_played_into_the_new_one(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    kill_a_writer(processes, tmp_path / "store", 1, 0.02)
    (tmp_path / "store" / "index.sqlite").unlink()

    with Store.open(tmp_path / "store") as store:
        assert check(store).sound
        assert rebuild(store).renders == len(list(store.records())) > 0
