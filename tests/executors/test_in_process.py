"""The in-process executor: bounded, isolating failures, stopping cleanly."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from renderlock.errors import EngineFailed, Interrupted
from renderlock.executors.in_process import Stop, run_jobs

PATIENCE_S = 300.0


def test_every_job_has_one_outcome() -> None:
    outcomes = list(run_jobs(range(20), lambda job: job * job, workers=3, stop=Stop()))
    assert sorted((outcome.job, outcome.result) for outcome in outcomes) == [(job, job * job) for job in range(20)]


class Gauge:
    """Counts who is inside at once; everyone stays until as many as wanted have been."""

    def __init__(self, wanted: int) -> None:
        self.most = 0
        self._wanted, self._inside = wanted, 0
        self._lock, self._full = threading.Lock(), threading.Event()

    def visit(self) -> None:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            if self._inside >= self._wanted:
                self._full.set()
        assert self._full.wait(PATIENCE_S)
        time.sleep(0.005)  # Time for one too many to come in too.
        with self._lock:
            self._inside -= 1


def test_as_many_as_there_are_workers_run_at_once_and_no_more() -> None:
    gauge = Gauge(3)
    list(run_jobs(range(12), lambda _: gauge.visit(), workers=3, stop=Stop()))
    assert gauge.most == 3


def test_a_job_is_taken_only_when_a_worker_is_free() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for job in range(10):
            taken.append(job)
            yield job

    ended = run_jobs(jobs(), lambda job: job, workers=2, stop=Stop())
    next(ended)
    assert len(taken) <= 2
    ended.close()


def test_a_job_that_fails_does_not_stop_the_others() -> None:
    def work(job: int) -> int:
        if job == 1:
            raise EngineFailed(model="m", reason="broken")
        return job

    outcomes = {outcome.job: outcome for outcome in run_jobs(range(4), work, workers=2, stop=Stop())}
    assert isinstance(outcomes[1].error, EngineFailed)
    assert [outcomes[job].result for job in (0, 2, 3)] == [0, 2, 3]


def test_our_own_bug_is_raised_and_not_hidden_in_an_outcome() -> None:
    def work(job: int) -> int:
        return 1 // job

    with pytest.raises(ZeroDivisionError):
        list(run_jobs([0], work, workers=1, stop=Stop()))


def test_after_a_stop_no_job_starts_and_those_under_way_end() -> None:
    stop, started = Stop(), list[int]()

    def work(job: int) -> int:
        started.append(job)
        if job == 2:
            stop.ask()
        if stop.asked:
            raise Interrupted(done=len(started))
        return job

    outcomes = list(run_jobs(range(100), work, workers=1, stop=stop))
    assert started == [0, 1, 2]
    assert isinstance(outcomes[-1].error, Interrupted)


def test_leaving_early_stops_the_jobs_under_way() -> None:
    stop = Stop()

    def work(job: int) -> int:
        while job and not stop.asked:
            time.sleep(0.001)
        return job

    ended = run_jobs(range(5), work, workers=2, stop=stop)
    next(ended)
    ended.close()
    assert stop.asked


@dataclass
class Narrow:
    """A lane of a provider."""

    name: str
    width: int


def test_each_lane_is_filled_to_its_own_width_beside_the_workers() -> None:
    lanes = [None, Narrow("fast", 4), Narrow("slow", 2)]
    gauges = [Gauge(1), Gauge(4), Gauge(2)]

    list(
        run_jobs(
            range(30), lambda job: gauges[job % 3].visit(), workers=1, stop=Stop(), lane_of=lambda job: lanes[job % 3]
        )
    )
    assert [gauge.most for gauge in gauges] == [1, 4, 2]


def test_a_full_lane_does_not_hold_up_the_jobs_behind_it() -> None:
    slow, fast = Narrow("slow", 1), Narrow("fast", 1)
    free = threading.Event()

    def work(job: int) -> int:
        if job < 3:
            assert free.wait(PATIENCE_S)
        return job

    jobs = run_jobs(range(6), work, workers=1, stop=Stop(), lane_of=lambda job: slow if job < 3 else fast)
    first = [next(jobs).job for _ in range(3)]
    free.set()

    assert first == [3, 4, 5]
    assert [outcome.job for outcome in jobs] == [0, 1, 2]


def test_jobs_added_between_two_outcomes_are_done_too() -> None:
    jobs, done = deque([1]), list[int]()
    for outcome in run_jobs(jobs, lambda job: job, workers=2, stop=Stop()):
        done.append(outcome.job)
        if outcome.job < 4:
            jobs.append(outcome.job + 1)
    assert done == [1, 2, 3, 4]


def test_a_lane_that_narrows_starts_no_more_than_fit() -> None:
    lane, narrowed = Narrow("provider", 4), threading.Event()
    inside, seen, lock = [0], list[int](), threading.Lock()

    def work(job: int) -> None:
        with lock:
            inside[0] += 1
            seen.append(inside[0])
            if inside[0] == 4:
                lane.width = 1
                narrowed.set()
        assert narrowed.wait(PATIENCE_S)
        with lock:
            inside[0] -= 1

    list(run_jobs(range(16), work, workers=9, stop=Stop(), lane_of=lambda _: lane))
    assert seen == [1, 2, 3, 4] + [1] * 12


def test_a_stop_within_another_stops_its_own_jobs_only() -> None:
    outer = Stop()
    first, second = Stop(within=outer), Stop(within=outer)

    first.ask()
    assert (first.asked, second.asked, outer.asked) == (True, False, False)

    outer.ask()
    assert second.asked
