"""Running a pipeline: what is missing is rendered, what is there is left alone, and all of it is accounted for.

Each picture is stored by the thread that rendered it before that thread takes the next, so a killed run
loses at most the pictures under way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal, Protocol

from renderlock.actions.calls.costs import enlargements_in, purchases_of
from renderlock.actions.finals.finisher import Finisher
from renderlock.actions.gate_checks import refuse_unusable_gates
from renderlock.actions.jobs import Held, Job, StepPlan
from renderlock.actions.lock import identify_model, lock_path_of, lockable_models, verify_model
from renderlock.actions.making import Maker, PreviewSink
from renderlock.actions.plan import Planner
from renderlock.actions.schedule import Schedule
from renderlock.actions.verdicts import hold_to_limits, judge_texts, prove_reader
from renderlock.errors import (
    CurrencyMismatch,
    Interrupted,
    NotBuiltYet,
    PriceUnknown,
    RenderlockError,
    StoreFull,
    StoreUnusable,
    UnknownName,
)
from renderlock.executors.in_process import Outcome, Stop, run_jobs
from renderlock.spec.lock import Lock, Slot, read_lock
from renderlock.spec.pipeline import Asset, Budget, Step, texts_for
from renderlock.spec.roles import Role
from renderlock.spec.verdict import Verdict
from renderlock.store.records import RenderRecord

PictureStatus = Literal["rendered", "cached", "failed"]


@dataclass(frozen=True)
class PictureResult:
    """What became of one planned picture: its record with the gates' verdicts about it, or the error."""

    job: Job
    status: PictureStatus
    record: RenderRecord | None
    error: RenderlockError | None = None
    verdicts: tuple[Verdict, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether a gate did not let it pass."""
        return any(not verdict.passed for verdict in self.verdicts)


@dataclass(frozen=True)
class RunResult:
    """All pictures of a run in plan order, the assets held back, and how long it took."""

    pictures: tuple[PictureResult, ...]
    held: tuple[Held, ...]
    seconds: float
    warnings: tuple[str, ...] = ()

    def count(self, status: PictureStatus) -> int:
        """How many pictures ended with a status."""
        return sum(picture.status == status for picture in self.pictures)

    @property
    def refused(self) -> tuple[PictureResult, ...]:
        """The delivered pictures that a gate did not let pass."""
        return tuple(picture for picture in self.pictures if picture.refused)

    @property
    def errors(self) -> tuple[RenderlockError, ...]:
        """The error of each failed picture."""
        return tuple(picture.error for picture in self.pictures if picture.error)


class RunWatch(Protocol):
    """What follows a run: the live table of a terminal, the plain lines of a pipe, or nothing."""

    def on_step(self, plan: StepPlan) -> None:
        """Called once a step is planned, before its first picture."""

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Called after each denoising step of a picture, from the thread that renders it."""

    def on_picture(self, result: PictureResult) -> None:
        """Called when a picture is stored, or failed."""


class RunUnwatched:
    """A watch that nobody looks at."""

    def on_step(self, plan: StepPlan) -> None:
        """Lets the run go on."""

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Lets the run go on."""

    def on_picture(self, result: PictureResult) -> None:
        """Lets the run go on."""


@dataclass
class Run:
    """One run of a pipeline: the planner with its selection, how many render side by side, and who watches.

    `previews` is shown the pictures as they form, by engines that can. With `own_lanes` each provider's pictures go
    side by side as the provider allows, beside the workers; without, they share the workers.
    """

    planner: Planner
    workers: int
    watch: RunWatch
    stop: Stop = field(default_factory=Stop)
    previews: PreviewSink | None = None
    own_lanes: bool = True

    def execute(self) -> RunResult:
        """Renders what is missing, step by step.

        Raises before anything is rendered what planning raises, `NotBuiltYet`, `LockMissing`, `LockMismatch`, and
        what `Hosted.prepare` raises (`KeyMissing`, `ModelRetired` …); raises `Interrupted` when it was stopped,
        `StoreFull` or `StoreUnusable` when pictures cannot be kept. A picture that fails is in the result.
        """
        started = time.monotonic()
        steps = self.selected_steps()
        refuse_unbuilt(self.planner)
        self.planner.refuse_ignored(steps)
        lock = verify_lock(self.planner, steps)
        self.planner.refuse_impossible(steps)
        prepare_hosted(self, steps)
        prove_enlargements(self, steps)
        if any(self._texts_of(step, asset) for step in steps for asset in self.planner.pipeline.assets):
            prove_reader()
        planner = self.planner
        maker = Maker(planner.pipeline.project, planner.store, planner.models, self.watch, self.stop, self.previews)
        schedule = Schedule(planner, steps, self.workers, self.own_lanes)
        try:
            self._render(schedule, maker)
        except KeyboardInterrupt as stop:
            raise Interrupted(done=maker.made) from stop
        finally:
            maker.close()
        ended = schedule.ended()
        pictures = self._judged([picture for plan, outcomes in ended for picture in _accounts(plan, outcomes)])
        held = tuple(one for plan, _ in ended for one in plan.held)
        return RunResult(pictures, held, time.monotonic() - started, _environment_warnings(lock, maker))

    def selected_steps(self) -> tuple[Step, ...]:
        """The steps to run in the order of their needs; raises `UnknownName` for one that does not exist."""
        pipeline, wanted = self.planner.pipeline, self.planner.selection
        _refuse_unknown("step", wanted.steps, [step.name for step in pipeline.steps])
        _refuse_unknown("asset", wanted.assets, [asset.name for asset in pipeline.assets])
        return tuple(step for step in pipeline.ordered_steps if not wanted.steps or step.name in wanted.steps)

    def _render(self, schedule: Schedule, maker: Maker) -> None:
        """Renders what the schedule releases, until there is no more."""

        def make(job: Job) -> RenderRecord:
            return Finisher(maker, schedule.tile_workers(job), self.planner.pipeline.gates).make(job)

        self._tell(schedule.release())
        jobs = run_jobs(schedule.feed, make, workers=self.workers, stop=self.stop, lane_of=schedule.lane_of)
        with closing(jobs) as ended:
            for outcome in ended:
                if isinstance(outcome.error, StoreFull | StoreUnusable):
                    raise outcome.error  # The next picture could not be kept either, so it is not rendered.
                if not isinstance(outcome.error, Interrupted):
                    self.watch.on_picture(_result_of(outcome.job, outcome))
                schedule.note(outcome)
                if not self.stop.asked:
                    self._tell(schedule.release())
        if self.stop.asked:
            raise Interrupted(done=maker.made)

    def _judged(self, pictures: Sequence[PictureResult]) -> tuple[PictureResult, ...]:
        """The pictures with what gates say about them; texts are read in those that must carry any."""
        store, limits = self.planner.store, self.planner.pipeline.gates
        read: dict[int, Verdict] = {}
        for index, picture in enumerate(pictures):
            texts = self._texts_of(picture.job.step, picture.job.asset)
            if texts and picture.record is not None:
                read[index] = judge_texts(store, picture.record, texts, limits)
        if not any(picture.job.route or self._texts_of(picture.job.step, picture.job.asset) for picture in pictures):
            return tuple(pictures)
        found = hold_to_limits(store, limits)
        about = [() if one.record is None else found.get(one.record.address, ()) for one in pictures]
        return tuple(
            replace(picture, verdicts=_own(verdicts, read.get(index)))
            for index, (picture, verdicts) in enumerate(zip(pictures, about, strict=True))
        )

    def _texts_of(self, step: Step, asset: Asset) -> tuple[str, ...]:
        """The texts that must be legible in the pictures of an asset: in finals, enlarged ones too."""
        delivered = step.role in (Role.FINAL, Role.UPSCALER)
        return texts_for(asset, step) if delivered and not self.planner.rehearse else ()

    def _tell(self, plans: Iterable[StepPlan]) -> None:
        for plan in plans:
            self.watch.on_step(plan)


def _own(verdicts: tuple[Verdict, ...], text: Verdict | None) -> tuple[Verdict, ...]:
    """The verdicts about a picture, of the texts its own: locales that came out alike share one picture."""
    return tuple(text if text is not None and one.gate == text.gate else one for one in verdicts)


def prepare_hosted(run: Run, steps: Sequence[Step]) -> None:
    """Proves for every provider that pictures would be bought from that they could be: key, address, lifecycle.

    Raises what `Hosted.prepare` raises, and as planning does.
    """
    planner = run.planner
    if not any(planner.providers_of(step) for step in steps):
        return
    foreseeing = replace(planner, foreseen={step.name for step in steps}, _done={})
    for step in steps:
        plan = foreseeing.plan(step)
        if plan.missing or plan.unforeseen:
            for provider in planner.providers_of(step):
                provider.prepare()
            refuse_unpriced(planner, plan, planner.pipeline.budget)


def prove_enlargements(run: Run, steps: Sequence[Step]) -> None:
    """Plans the steps of the upscaler role as if those before had been rendered, so that nothing is made in vain.

    Raises what planning raises.
    """
    if all(step.role.renders for step in steps):
        return
    foreseeing = replace(run.planner, foreseen={step.name for step in steps}, _done={})
    try:
        for step in steps:
            foreseeing.plan(step)
    finally:
        foreseeing.close()


def refuse_unpriced(planner: Planner, plan: StepPlan, budget: Budget | None) -> None:
    """Raises `PriceUnknown` or `CurrencyMismatch` where a budget could not count the pictures of a step.

    Said before the first picture is paid for; a server of one's own costs nothing in any currency.
    """
    if budget is None:
        return
    purchases = [one for job in plan.missing for one in purchases_of(planner, job)]
    purchases += (one for links in plan.coming for one in enlargements_in(planner.models, links))
    for purchase in purchases:
        if purchase.note is None:
            raise PriceUnknown(model=purchase.model, budget=f"{budget.amount} {budget.currency}")
        cost = purchase.note.cost
        if cost.amount and cost.currency != budget.currency:
            raise CurrencyMismatch(model=purchase.model, budget=budget.currency, price=cost.currency)


def refuse_unbuilt(planner: Planner) -> None:
    """Raises `NotBuiltYet` with every key that this version cannot act on.

    And `ConfigurationError` for a gate, or a limit of one, that does not exist.
    """
    keys = planner.pipeline.not_built_yet
    if keys:
        raise NotBuiltYet(listing="\n".join(f"  {key}" for key in keys))
    refuse_unusable_gates(planner.pipeline)


def verify_lock(planner: Planner, steps: Iterable[Step]) -> Lock | None:
    """The pipeline's lock, once every locked role among `steps` is filled by the locked model.

    None where nothing needs a lock: in a rehearsal, or for sandbox steps alone. Raises `LockMissing`,
    `LockUnreadable` or `LockMismatch`.
    """
    production = [step for step in steps if step.role.production]
    if planner.rehearse or not production:
        return None
    lock = read_lock(lock_path_of(planner.pipeline))
    wanted = {Slot(step.role): step.model for step in production if step.role.renders}
    if any(planner.enlarges(step) for step in production):
        wanted |= {slot: name for slot, name in lockable_models(planner.pipeline).items() if slot in planner.enlargers}
    for slot, reference in wanted.items():
        verify_model(lock, slot, identify_model(planner.models, slot.role, reference))
    return lock


def _accounts(
    plan: StepPlan, outcomes: Mapping[tuple[str, ...], Outcome[Job, RenderRecord]]
) -> Iterator[PictureResult]:
    """What became of each picture; the second of two that are the same work takes what the first made."""
    told: set[tuple[str, ...]] = set()
    for planned in plan.pictures:
        job, key = planned.job, planned.job.key
        if planned.record is not None:
            yield PictureResult(job, "cached", planned.record)
        elif key in told and outcomes[key].result:
            yield PictureResult(job, "cached", outcomes[key].result)
        else:
            yield _result_of(job, outcomes[key])
        told.add(key)


def _result_of(job: Job, outcome: Outcome[Job, RenderRecord]) -> PictureResult:
    status: PictureStatus = "failed" if outcome.error else "rendered"
    return PictureResult(job, status, outcome.result, outcome.error)


def _environment_warnings(lock: Lock | None, maker: Maker) -> tuple[str, ...]:
    """One line a fact in which this machine differs from the one that was locked, if anything was rendered."""
    locked = dict(lock.environment.facts) if lock else {}
    used = {name: value for environment in maker.environments.values() for name, value in environment.facts}
    return tuple(
        f"{name}: locked {locked[name]}, rendered with {value}; expect equivalent pictures, not exact ones"
        for name, value in sorted(used.items())
        if locked.get(name, value) != value
    )


def _refuse_unknown(kind: str, wanted: Iterable[str], known: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, 1)
            listed = ", ".join(known) + (f". Did you mean {near[0]}?" if near else "")
            raise UnknownName(kind=kind, name=name, known=listed)
