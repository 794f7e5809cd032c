"""Runs jobs in threads of this process: bounded, in order of submission, stopped cleanly on request.

One job that fails does not stop the others; its error comes back as its outcome. At most `workers` jobs
are under way here, and as many in each lane as the lane is wide, so a stop loses no more than those.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from renderlock.errors import RenderlockError

Job = TypeVar("Job")
Result = TypeVar("Result")

MOST_THREADS = 512
"""Threads are made as they are needed; a lane a hundred wide is wider than any provider's."""


@dataclass(frozen=True)
class Outcome(Generic[Job, Result]):
    """What became of one job: its result, or the error a person can be shown."""

    job: Job
    result: Result | None
    error: RenderlockError | None


class Lane(Protocol):
    """Jobs done elsewhere, by one provider, that take no worker of this machine."""

    @property
    def name(self) -> str:
        """What tells it from other lanes."""

    @property
    def width(self) -> int:
        """How many of its jobs may be under way now."""


class Stop:
    """A request to stop, set by whoever may ask for it and looked at by the jobs.

    One that is `within` another is asked with it, and asked alone stops no more than its own jobs.
    """

    def __init__(self, *, within: Stop | None = None) -> None:
        self._asked = threading.Event()
        self._within = within

    def ask(self) -> None:
        """Asks the jobs to stop at their next step."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked.is_set() or (self._within is not None and self._within.asked)


def run_jobs(
    jobs: Iterable[Job],
    work: Callable[[Job], Result],
    *,
    workers: int,
    stop: Stop,
    lane_of: Callable[[Job], Lane | None] | None = None,
) -> Generator[Outcome[Job, Result], None, None]:
    """The outcome of each job as it ends, with up to `workers` under way at once, and each lane's width in its lane.

    A job whose lane is full does not hold up those of other lanes. `jobs` may be a deque that the caller adds to
    between two outcomes; it is emptied. No job starts after a stop was asked for. Errors that are not
    `RenderlockError` are our bugs and are raised, after the jobs under way have ended.
    """
    queue = _Queue(jobs, lane_of, workers)
    running: dict[Future[Result], tuple[Job, Lane | None]] = {}
    with ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="render") as pool:
        try:
            while True:
                while not stop.asked and (taken := queue.take()) is not None:
                    running[pool.submit(work, taken[0])] = taken
                if not running:
                    return
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    job, lane = running.pop(ended)
                    queue.leave(lane)
                    yield _outcome_of(job, ended)
        except BaseException:
            stop.ask()
            raise


class _Queue(Generic[Job]):
    """Jobs in their order, each with the lane it waits for; without lanes none is looked at before it can start."""

    def __init__(self, jobs: Iterable[Job], lane_of: Callable[[Job], Lane | None] | None, workers: int) -> None:
        self._next = _emptying(jobs) if isinstance(jobs, deque) else iter(jobs).__next__
        self._lane_of = lane_of
        self._workers = workers
        self._held: list[tuple[Job, Lane | None]] = []
        self._under_way: Counter[str] = Counter()

    def take(self) -> tuple[Job, Lane | None] | None:
        """The first job that may start now; None where all must wait, or none is left."""
        for place, waiting in enumerate(self._held):
            if self._has_room(waiting[1]):
                return self._enter(self._held.pop(place))
        while self._lane_of is not None or self._has_room(None):
            try:
                job = self._next()
            except (StopIteration, IndexError):
                return None
            waiting = (job, None if self._lane_of is None else self._lane_of(job))
            if self._has_room(waiting[1]):
                return self._enter(waiting)
            self._held.append(waiting)
        return None

    def leave(self, lane: Lane | None) -> None:
        """A job of that lane has ended."""
        self._under_way[_name_of(lane)] -= 1

    def _enter(self, taken: tuple[Job, Lane | None]) -> tuple[Job, Lane | None]:
        self._under_way[_name_of(taken[1])] += 1
        return taken

    def _has_room(self, lane: Lane | None) -> bool:
        return self._under_way[_name_of(lane)] < (self._workers if lane is None else lane.width)


def _emptying(jobs: deque[Job]) -> Callable[[], Job]:
    return jobs.popleft


def _name_of(lane: Lane | None) -> str:
    return "" if lane is None else lane.name


def _outcome_of(job: Job, ended: Future[Result]) -> Outcome[Job, Result]:
    error = ended.exception()
    if error is None:
        return Outcome(job, ended.result(), None)
    if isinstance(error, RenderlockError):
        return Outcome(job, None, error)
    raise error
