"""Which pictures may be rendered now: steps in the order of their needs, each provider's beside all others.

Steps rendered on this machine go one after another, each picture with all workers or all pictures side by side. A step
of a provider starts as soon as those it needs are done, in the provider's own lane, so that a slow provider holds up
nothing but what needs its pictures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from renderlock.actions.jobs import Job, StepPlan
from renderlock.actions.plan import Planner
from renderlock.engines.base import Hosted
from renderlock.executors.in_process import Lane, Outcome
from renderlock.spec.pipeline import Step
from renderlock.store.records import RenderRecord

Key = tuple[str, ...]
Outcomes = dict[Key, Outcome[Job, RenderRecord]]


@dataclass
class Here:
    """The lane of this machine; its width is that of the phase under way."""

    name: str = "here"
    width: int = 1


@dataclass(frozen=True)
class Phase:
    """Jobs of one step that go together: how many side by side, and how many tiles of each."""

    jobs: tuple[Job, ...]
    workers: int
    tile_workers: int


@dataclass
class OpenStep:
    """A step under way: its plan, its lane, what is left of its phases, and what ended."""

    plan: StepPlan
    lane: Lane
    phases: deque[Phase]
    left: int = 0
    outcomes: Outcomes = field(default_factory=dict)


@dataclass
class Schedule:
    """The pictures of one run. `feed` holds the jobs that may start; it grows as outcomes are noted."""

    planner: Planner
    steps: Sequence[Step]
    workers: int
    own_lanes: bool
    feed: deque[Job] = field(default_factory=deque)
    here: Here = field(default_factory=Here)
    _open: dict[str, OpenStep] = field(default_factory=dict)
    _done: dict[str, tuple[StepPlan, Outcomes]] = field(default_factory=dict)
    _tile_workers: dict[Key, int] = field(default_factory=dict)

    def release(self) -> tuple[StepPlan, ...]:
        """Plans every step that may start now and feeds its first jobs; gives the plans. Raises as planning does."""
        released = []
        while step := self._next():
            plan = self.planner.plan(step)
            lane = self._lane(step)
            opened = OpenStep(plan, lane, deque(self._phases(plan, lane)))
            self._open[step.name] = opened
            self._feed_next(opened)
            released.append(plan)
        return tuple(released)

    def note(self, outcome: Outcome[Job, RenderRecord]) -> None:
        """Takes into account that a job ended."""
        opened = self._open[outcome.job.step.name]
        opened.outcomes[outcome.job.key] = outcome
        opened.left -= 1
        if opened.left == 0:
            self._feed_next(opened)

    def lane_of(self, job: Job) -> Lane:
        """The lane a job takes a place in."""
        return self._open[job.step.name].lane

    def tile_workers(self, job: Job) -> int:
        """How many tiles of a job are rendered side by side."""
        return self._tile_workers[job.key]

    def ended(self) -> tuple[tuple[StepPlan, Outcomes], ...]:
        """Each step that is done with what became of its jobs, in the order of the steps."""
        return tuple(self._done[step.name] for step in self.steps if step.name in self._done)

    def _next(self) -> Step | None:
        """The first step that waits for nothing: its needs are done, and its lane is free."""
        busy = {opened.lane.name for opened in self._open.values()}
        unfinished = {step.name for step in self.steps} - self._done.keys()
        for step in self.steps:
            if step.name in self._done or step.name in self._open:
                continue
            if not unfinished & set(self.planner.needs_of(step)) and self._lane(step).name not in busy:
                return step
            if not self.own_lanes:
                return None
        return None

    def _lane(self, step: Step) -> Lane:
        engine = self.planner.engine_of(step)
        if engine is not None and isinstance(engine, Hosted) and self.own_lanes:
            return engine.lane
        return self.here

    def _phases(self, plan: StepPlan, lane: Lane) -> list[Phase]:
        """Whole pictures side by side; then finals one by one, their tiles side by side, or what is only enlarged."""
        renders = plan.step.role.renders
        single = tuple(job for job in plan.missing if renders and not job.tiled)
        alone = tuple(job for job in plan.missing if job.tiled or not renders)
        tiles_at_once = self.workers if lane is self.here else lane.width
        return [phase for phase in (Phase(single, self.workers, 1), Phase(alone, 1, tiles_at_once)) if phase.jobs]

    def _feed_next(self, opened: OpenStep) -> None:
        """Feeds the next phase of a step, or closes the step."""
        if opened.phases:
            phase = opened.phases.popleft()
            if opened.lane is self.here:
                self.here.width = phase.workers
            opened.left = len(phase.jobs)
            self._tile_workers |= {job.key: phase.tile_workers for job in phase.jobs}
            self.feed.extend(phase.jobs)
            return
        name = opened.plan.step.name
        rendered = {key: ended.result for key, ended in opened.outcomes.items() if ended.result}
        self.planner.note_rendered(opened.plan, rendered)
        self._done[name] = (opened.plan, opened.outcomes)
        self._open.pop(name, None)
