"""The live table of a run: a bar a step with pictures done, denoising steps a second, and the time left.

In a module of its own, since only a terminal needs rich, which costs a tenth of a second to import.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from renderlock.actions.jobs import Job, StepPlan
from renderlock.actions.run import PictureResult
from renderlock.spec.recipe import Digest

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


@dataclass
class _Bar:
    """One step's bar: pictures ended, the parts of those under way, and the rate."""

    task: TaskID
    ended: int
    parts: dict[Digest, float] = field(default_factory=dict)
    rate: _Rate = field(default_factory=_Rate)

    @property
    def completed(self) -> float:
        return self.ended + sum(self.parts.values())


class LiveTable:
    """A bar a step with pictures done, denoising steps a second, and the time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, _Bar] = {}
        self._lock = threading.Lock()

    def on_step(self, plan: StepPlan) -> None:
        """Adds the step's bar, with what is there already done; a step of which all is held has an empty one."""
        total, missing = len(plan.pictures), len(plan.missing)
        note = f"{len(plan.held)} held" if plan.held else "cached" if total and not missing else ""
        task = self._progress.add_task(
            plan.step.name, total=max(total, len(plan.held), 1), completed=total - missing, note=note
        )
        self._bars[plan.step.name] = _Bar(task, total - missing)

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Moves the bar by a part of a picture."""
        with self._lock:
            bar = self._bars[job.step.name]
            bar.rate.tick()
            bar.parts[job.recipe.digest] = min(done / steps, 1)
            self._progress.update(bar.task, completed=bar.completed, note=str(bar.rate))

    def on_picture(self, result: PictureResult) -> None:
        """Counts a picture that ended; says a failure above the bars."""
        job = result.job
        with self._lock:
            bar = self._bars[job.step.name]
            bar.parts.pop(job.recipe.digest, None)
            bar.ended += 1
            self._progress.update(bar.task, completed=bar.completed)
        if result.error is not None:
            text = f"{job.asset.name} seed {job.recipe.seed}: {result.error}"
            self._progress.console.print(text, markup=False, highlight=False)


@contextmanager
def live_table() -> Iterator[LiveTable]:
    """A table on stderr, redrawn while the block runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield LiveTable(progress)
