"""The dry run: what a run would render, what is there, what is held, and what it would take."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from statistics import median

from renderlock.actions.plan import Held, Job, Planned, Planner
from renderlock.actions.run import Run, refuse_unbuilt, verify_lock
from renderlock.spec.pipeline import Step
from renderlock.store.store import Store

SAMPLE = 50
"""How many of a step's latest renders are looked at for its seconds a picture."""


@dataclass(frozen=True)
class StepEstimate:
    """One step of a dry run. `seconds` is the render time of what is missing, None where nothing like it was timed.

    `hosted` tells whether the missing pictures would be bought from a provider.
    """

    step: Step
    pictures: tuple[Planned, ...]
    held: tuple[Held, ...]
    seconds: float | None
    hosted: bool

    @property
    def missing(self) -> int:
        """How many pictures would be rendered."""
        return len({planned.job.recipe.digest for planned in self.pictures if planned.record is None})


def estimate(run: Run) -> tuple[StepEstimate, ...]:
    """The estimate of each selected step, from what is in the store now; renders and writes nothing.

    Raises what `run.execute()` would raise before it renders.
    """
    planner = run.planner
    steps = run.selected_steps()
    refuse_unbuilt(planner, steps)
    verify_lock(planner, steps)
    return tuple(_estimate_step(planner, step) for step in steps)


def _estimate_step(planner: Planner, step: Step) -> StepEstimate:
    plan = planner.plan(step)
    jobs = plan.missing
    hosted = bool(jobs) and planner.models.engine(jobs[0].reference).capabilities.hosted
    return StepEstimate(step, plan.pictures, plan.held, _seconds(planner.store, jobs), hosted)


def _seconds(store: Store, jobs: tuple[Job, ...]) -> float | None:
    """The median of comparable renders (model, size, steps) times the number of jobs."""
    if not jobs:
        return 0.0
    timed = [
        record.made.seconds
        for record in islice(store.records(step=jobs[0].step.name), SAMPLE)
        if record.recipe and (record.recipe.model, record.recipe.size, record.recipe.steps) == _cost_key(jobs[0])
    ]
    return median(timed) * len(jobs) if timed else None


def _cost_key(job: Job) -> tuple[object, ...]:
    return (job.recipe.model, job.recipe.size, job.recipe.steps)
