"""How a run is followed: a live table on a terminal, plain lines in a pipe, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from renderlock.actions.jobs import Job, StepPlan
from renderlock.actions.run import PictureResult, RunUnwatched, RunWatch
from renderlock.cli.console import say


class PlainLines:
    """One line a step and one a picture, for pipes and logs."""

    def on_step(self, plan: StepPlan) -> None:
        """Says what the step has and what it lacks."""
        cached = len(plan.pictures) - len(plan.missing)
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


@contextmanager
def follow(*, shown: bool) -> Iterator[RunWatch]:
    """The watch that fits where stderr goes, or a silent one."""
    if not shown:
        yield RunUnwatched()
    elif not sys.stderr.isatty():
        yield PlainLines()
    else:
        from renderlock.cli.live_table import live_table  # noqa: PLC0415  # loads rich

        with live_table() as table:
            yield table
