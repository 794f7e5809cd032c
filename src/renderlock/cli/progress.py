"""How a run is followed: a live table with a bar a step on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from renderlock.actions.plan import Job, StepPlan
from renderlock.actions.run import PictureResult, RunUnwatched, RunWatch
from renderlock.cli.console import say

RATE_WINDOW_S = 5.0


@dataclass
class _Rate:
    """Denoising steps a second over the last few seconds, all threads together."""

    moments: list[float] = field(default_factory=list)

    def tick(self) -> None:
        now = time.monotonic()
        self.moments = [moment for moment in self.moments if now - moment < RATE_WINDOW_S] + [now]

    def __str__(self) -> str:
        if len(self.moments) < 2:
            return "– it/s"
        return f"{(len(self.moments) - 1) / max(self.moments[-1] - self.moments[0], 1e-6):.1f} it/s"


class PlainLines:
    """One line a step and one a picture, for pipes and logs."""

    def on_step(self, plan: StepPlan) -> None:
        """Says what the step has and what it lacks."""
        cached = len(plan.pictures) - sum(planned.record is None for planned in plan.pictures)
        held = f", {len(plan.held)} held" if plan.held else ""
        say(f"{plan.step.name}: {len(plan.missing)} to render, {cached} there{held}")

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Is silent: a line a denoising step would drown the log."""

    def on_picture(self, result: PictureResult) -> None:
        """Says how a picture ended."""
        job = result.job
        what = f"  {job.step.name} {job.asset.name} seed {job.recipe.seed}"
        if result.record is not None:
            say(f"{what}: {result.record.address} in {result.record.made.seconds:.2f} s")
        else:
            say(f"{what}: failed: {result.error}")


class LiveTable:
    """A bar a step with pictures done, denoising steps a second, and the time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._rates: dict[str, _Rate] = {}
        self._lock = threading.Lock()

    def on_step(self, plan: StepPlan) -> None:
        """Adds the step's bar, with what is there already done."""
        total, missing = len(plan.pictures), sum(planned.record is None for planned in plan.pictures)
        note = f"{len(plan.held)} held" if plan.held else "cached" if total and not missing else ""
        self._rates[plan.step.name] = _Rate()
        self._tasks[plan.step.name] = self._progress.add_task(
            plan.step.name, total=max(total, 1), completed=total - missing, note=note
        )

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Moves the bar by a part of a picture."""
        with self._lock:
            rate = self._rates[job.step.name]
            rate.tick()
            self._progress.update(self._tasks[job.step.name], advance=1 / steps, note=str(rate))

    def on_picture(self, result: PictureResult) -> None:
        """Says a failure above the bars; a success has moved its bar already."""
        if result.error is not None:
            self._progress.console.print(f"{result.job.asset.name} seed {result.job.recipe.seed}: {result.error}")


@contextmanager
def follow(*, shown: bool) -> Iterator[RunWatch]:
    """The watch that fits where stderr goes, or a silent one."""
    if not shown:
        yield RunUnwatched()
    elif not sys.stderr.isatty():
        yield PlainLines()
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            yield LiveTable(progress)
