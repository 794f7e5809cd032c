"""The dry run: what a run would render, what is there, what is held, and what it would take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from statistics import median

from renderlock.actions.plan import Planner, StepPlan
from renderlock.actions.run import Run, refuse_unbuilt, verify_lock
from renderlock.spec.pipeline import Step
from renderlock.spec.recipe import Recipe
from renderlock.store.store import Store

SAMPLE = 50
"""How many of a step's latest renders are looked at for its seconds a picture."""


@dataclass(frozen=True)
class StepEstimate:
    """One step of a dry run. `seconds` is the render time of what is missing, None where nothing like it was timed.

    `hosted` tells whether the missing pictures would be bought from a provider.
    """

    plan: StepPlan
    seconds: float | None
    hosted: bool

    @property
    def missing(self) -> int:
        """How many pictures would be rendered."""
        return len(self.plan.missing) + len(self.plan.unforeseen)

    @property
    def there(self) -> int:
        """How many pictures would be taken from the store, or rendered for another asset with the same recipe."""
        return len(self.plan.pictures) - len(self.plan.missing)


def estimate(run: Run) -> tuple[StepEstimate, ...]:
    """The estimate of each selected step, from what is in the store now; renders and writes nothing.

    Each step is planned as if those before it had been rendered, since the run will do so. Raises what
    `run.execute()` would raise before it renders.
    """
    steps = run.selected_steps()
    planner = replace(run.planner, foreseen={step.name for step in steps})
    refuse_unbuilt(planner, steps)
    verify_lock(planner, steps)
    return tuple(_estimate_step(planner, step) for step in steps)


def _estimate_step(planner: Planner, step: Step) -> StepEstimate:
    plan = planner.plan(step)
    hosted = planner.models.engine(planner.reference_of(step)).capabilities.hosted
    return StepEstimate(plan, _seconds(planner.store, plan), hosted)


def _seconds(store: Store, plan: StepPlan) -> float | None:
    """The median of comparable renders (model, size, steps) times the number of missing pictures."""
    count = len(plan.missing) + len(plan.unforeseen)
    if not count:
        return 0.0
    alike = {_cost_key(planned.job.recipe) for planned in plan.pictures}
    timed = [
        record.made.seconds
        for record in islice(store.records(step=plan.step.name), SAMPLE)
        if record.recipe and _cost_key(record.recipe) in alike
    ]
    return median(timed) * count if timed else None


def _cost_key(recipe: Recipe) -> tuple[object, ...]:
    return (recipe.model, recipe.size, recipe.steps)
