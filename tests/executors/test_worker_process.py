"""A child process spoken to in frames: answers, death and its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from renderlock.executors.worker_process import Frame, WorkerDied, WorkerProcess


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    process = WorkerProcess("tests.executors.worker_under_test", environment={"COLOUR": "red"})
    yield process
    process.close()


def test_an_answer_comes_with_its_bytes_and_the_child_lives_on(worker: WorkerProcess) -> None:
    first = worker.ask(Frame({"do": "answer", "word": "grüße"}, b"abc" * 100_000))
    second = worker.ask(Frame({"do": "answer"}))

    assert first.header["heard"] == {"do": "answer", "word": "grüße"}
    assert bytes(first.payload) == b"cba" * 100_000
    assert second.header["pid"] == first.header["pid"] == worker.pid


def test_what_the_child_prints_stays_out_of_the_conversation(worker: WorkerProcess) -> None:
    assert worker.ask(Frame({"do": "print"})).header["heard"] == {"do": "print"}
    assert worker.ask(Frame({"do": "answer"})).header["heard"] == {"do": "answer"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_child_killed_as_the_kernel_does_it_is_told_from_one_that_ended(worker: WorkerProcess) -> None:
    with pytest.raises(WorkerDied, match="killed by SIGKILL") as killed:
        worker.ask(Frame({"do": "die"}))

    assert killed.value.killed


def test_a_child_that_ends_leaves_its_last_words(worker: WorkerProcess) -> None:
    with pytest.raises(WorkerDied, match="ended with the code 1") as ended:
        worker.ask(Frame({"do": "end"}))

    assert ended.value.last_words == "no more of this"
    assert not ended.value.killed


def test_a_dead_child_is_told_again_when_it_is_asked_again(worker: WorkerProcess) -> None:
    for _ in range(2):
        with pytest.raises(WorkerDied):
            worker.ask(Frame({"do": "end"}))


def test_closing_ends_the_child() -> None:
    worker = WorkerProcess("tests.executors.worker_under_test")
    pid = worker.ask(Frame({"do": "answer"})).header["pid"]

    worker.close()

    assert isinstance(pid, int)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
