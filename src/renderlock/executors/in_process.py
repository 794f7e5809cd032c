"""Runs jobs in threads of this process: bounded, in order of submission, stopped cleanly on request.

One job that fails does not stop the others; its error comes back as its outcome. At most `workers` jobs
are under way, so a stop loses no more than those.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from renderlock.errors import RenderlockError

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Job, Result]):
    """What became of one job: its result, or the error a person can be shown."""

    job: Job
    result: Result | None
    error: RenderlockError | None


class Stop:
    """A request to stop, set by whoever may ask for it and looked at by the jobs."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        """Asks the jobs to stop at their next step."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked.is_set()


def run_jobs(
    jobs: Iterable[Job], work: Callable[[Job], Result], *, workers: int, stop: Stop
) -> Generator[Outcome[Job, Result], None, None]:
    """The outcome of each job as it ends, with up to `workers` under way at once.

    No job starts after a stop was asked for. Errors that are not `RenderlockError` are our bugs and are
    raised, after the jobs under way have ended.
    """
    waiting = iter(jobs)
    running: dict[Future[Result], Job] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="render") as pool:
        try:
            while True:
                while len(running) < workers and not stop.asked and (job := next(waiting, None)) is not None:
                    running[pool.submit(work, job)] = job
                if not running:
                    return
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    yield _outcome_of(running.pop(ended), ended)
        except BaseException:
            stop.ask()
            raise


def _outcome_of(job: Job, ended: Future[Result]) -> Outcome[Job, Result]:
    error = ended.exception()
    if error is None:
        return Outcome(job, ended.result(), None)
    if isinstance(error, RenderlockError):
        return Outcome(job, None, error)
    raise error
