"""The dry run: what a run would render, what is there, what is held, and what it would take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from statistics import median

from renderlock.actions.calls.book import Book, CallRecord, read_book
from renderlock.actions.calls.costs import cost_of, enlargements_in, price_all
from renderlock.actions.finals.links import Draw
from renderlock.actions.finals.outline import Forecast, Outline, Timings, cost_key, outline, timings_of
from renderlock.actions.finals.routes import Route
from renderlock.actions.jobs import Job, StepPlan
from renderlock.actions.machine import host_name
from renderlock.actions.memory.history import StoredHistory
from renderlock.actions.memory.prediction import Measured, Shape, predict
from renderlock.actions.plan import Planner
from renderlock.actions.run import Run, refuse_unbuilt, refuse_unpriced, verify_lock
from renderlock.actions.upscale_timings import TIMING_KIND, UpscaleTimings, read_timings
from renderlock.engines.base import Hosted
from renderlock.engines.memory_facts import MemoryParts
from renderlock.spec.money import Cost, sum_by_currency
from renderlock.spec.pipeline import Step
from renderlock.spec.recipe import Recipe

SAMPLE = 400
"""How many of a step's latest renders, tiles among them, are looked at for its seconds a picture."""


@dataclass(frozen=True)
class StepEstimate:
    """One step of a dry run. `seconds` is the render time of what is missing, None where nothing like it was timed.

    `hosted` tells whether the missing pictures would be bought from a provider. `outlines` holds the plan of each
    missing picture, by the job's key, that is more than one render, or rendered within a memory budget. `costs` holds
    what each missing picture of a provider would cost by its price note, None where no price is known; `coming` says it
    of pictures and enlargements by a provider that start from one still to be rendered. `calls` holds the earlier call
    for a missing picture where one still stands: that is not bought before it is dealt with, and so has no cost.
    """

    plan: StepPlan
    seconds: float | None
    hosted: bool
    outlines: Mapping[tuple[str, ...], Outline]
    costs: Mapping[tuple[str, ...], Cost | None] = field(default_factory=dict)
    coming: tuple[Cost | None, ...] = ()
    calls: Mapping[tuple[str, ...], CallRecord] = field(default_factory=dict)

    @property
    def cost(self) -> dict[str, Decimal]:
        """What all missing pictures with a known price would cost, by currency; those not known yet cost like these."""
        known = [cost for cost in self.costs.values() if cost is not None]
        alike = [known[0]] * len(self.plan.unforeseen) if known and not self.coming else []
        return sum_by_currency([*known, *alike, *filter(None, self.coming)])

    @property
    def unpriced(self) -> int:
        """How many missing pictures of a provider have no known price."""
        unknown = sum(cost is None for cost in self.costs.values())
        if self.coming:
            return unknown + sum(cost is None for cost in self.coming)
        return unknown if any(self.costs.values()) or not self.hosted else unknown + len(self.plan.unforeseen)

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
    refuse_unbuilt(planner)
    planner.refuse_ignored(steps)
    verify_lock(planner, steps)
    planner.refuse_impossible(steps)
    book = read_book(planner.store)
    return tuple(_estimate_step(planner, step, book) for step in steps)


@dataclass(frozen=True)
class BudgetOutlook:
    """A budget, what the store's calls have taken of it, and what a run would take by the price notes."""

    budget: Cost
    spent: Cost
    coming: Cost

    @property
    def is_passed(self) -> bool:
        """Whether the run would stop before its end."""
        return self.spent.amount + self.coming.amount > self.budget.amount


def budget_outlook(run: Run, estimates: Iterable[StepEstimate]) -> BudgetOutlook | None:
    """How a run with these estimates stands to the pipeline's budget; None where it has none."""
    budget = run.planner.pipeline.budget
    if budget is None:
        return None
    spent = read_book(run.planner.store).spent().get(budget.currency, Decimal(0))
    coming = sum((one.cost.get(budget.currency, Decimal(0)) for one in estimates), Decimal(0))
    spent_cost, coming_cost = (Cost(amount, budget.currency) for amount in (spent, coming))
    return BudgetOutlook(Cost(budget.amount, budget.currency), spent_cost, coming_cost)


def _estimate_step(planner: Planner, step: Step, book: Book) -> StepEstimate:
    plan = planner.plan(step)
    refuse_unpriced(planner, plan, planner.pipeline.budget)
    engine = planner.engine_of(step)
    hosted = bool(planner.providers_of(step)) or (engine is not None and engine.capabilities.hosted)
    timings = timings_of(islice(planner.store.records(step=step.name), SAMPLE)) if plan.missing else {}
    history = LookedAtHistory(StoredHistory(planner.store))
    enlarging = read_timings(planner.store.events_of(TIMING_KIND)[0], host_name())
    outlines = {
        job.key: _outline(planner, job, timings, history, enlarging) for job in plan.missing if _is_planned(job)
    }
    standing = {job.key: book.standing_of(job.recipe.digest, "render") for job in plan.missing} if hosted else {}
    calls = {key: found[-1] for key, found in standing.items() if found and not found[-1].is_made_again}
    costs = {job.key: cost_of(planner, job) for job in plan.missing if job.key not in calls} if hosted else {}
    coming = tuple(price_all(enlargements_in(planner.models, links)) for links in plan.coming) if hosted else ()
    coming = coming or _prices_alike(planner, plan)
    return StepEstimate(plan, _seconds(plan, timings, outlines), hosted, outlines, costs, coming, calls)


def _prices_alike(planner: Planner, plan: StepPlan) -> tuple[Cost | None, ...]:
    """The price of each picture that is not known yet, where each is one picture of a provider; else none."""
    step = plan.step
    engine = planner.engine_of(step) if step.role.renders and step.finishing.upscale is None else None
    if engine is None or not isinstance(engine, Hosted):
        return ()
    facts = engine.capabilities
    size = step.size or facts.sizes.native
    if not facts.sizes.allows(size) and facts.reduced_from(size) is None:
        return ()
    note = engine.price(size)
    return (note.cost if note else None,) * len(plan.unforeseen)


def _is_planned(job: Job) -> bool:
    return job.route is not None or job.step.finishing.memory_budget_bytes is not None


def _outline(
    planner: Planner, job: Job, timings: Timings, history: LookedAtHistory, enlarging: UpscaleTimings
) -> Outline:
    route = job.route or Route((Draw(job.recipe),), rungs=job.rungs)

    def predict_bytes(recipe: Recipe) -> int | None:
        return predict(planner.models, job.reference, recipe, (), history).bytes

    return outline(route, job.fallbacks(), Forecast(timings, predict_bytes, enlarging.seconds))


def _seconds(plan: StepPlan, timings: Timings, outlines: Mapping[tuple[str, ...], Outline]) -> float | None:
    """What is missing takes together; pictures that are not known yet take what the known ones take in the middle."""
    if not plan.missing and not plan.unforeseen:
        return 0.0
    each = [_seconds_of(job, timings, outlines) for job in plan.missing]
    known = [seconds for seconds in each if seconds is not None]
    if len(known) < len(each) or not known:
        kinds = {cost_key(one.job.recipe) for one in plan.pictures}
        alike = [seconds for kind in kinds for seconds in timings.get(kind, ())]
        return median(alike) * (len(each) + len(plan.unforeseen)) if alike and not outlines else None
    return sum(known) + median(known) * len(plan.unforeseen)


def _seconds_of(job: Job, timings: Timings, outlines: Mapping[tuple[str, ...], Outline]) -> float | None:
    if job.key in outlines and job.step.role.renders:
        return outlines[job.key].seconds
    timed = timings.get(cost_key(job.recipe))
    return median(timed) if timed else None


@dataclass
class LookedAtHistory:
    """A store's history that is only read: a dry run writes nothing."""

    stored: StoredHistory
    found: dict[Shape, MemoryParts] = field(default_factory=dict)

    def measured(self, shape: Shape) -> tuple[Measured, ...]:
        """The remembered renders of the shape's model."""
        return self.stored.measured(shape)

    def note(self, measured: Measured) -> None:
        """Keeps nothing."""

    def parts(self, shape: Shape) -> MemoryParts | None:
        """The parts of a shape, from the store or found in this dry run."""
        return self.found.get(shape) or self.stored.parts(shape)

    def note_parts(self, shape: Shape, parts: MemoryParts) -> None:
        """Keeps them for this dry run."""
        self.found[shape] = parts
