"""Planning: which pictures a step needs, which of them are there, and what holds an asset back.

A step is planned when those it needs have been rendered, since an approved seed or an init picture comes
from them. Planning renders nothing and spends nothing; what cannot be done is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from renderlock.actions.models import Models
from renderlock.actions.review import Decision
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import StandingViolation
from renderlock.imaging.pixels import digest_pixels, read_picture
from renderlock.spec.deviation import Deviation
from renderlock.spec.pipeline import Asset, Pipeline, Step, seeds_for
from renderlock.spec.recipe import Digest, Init, Recipe
from renderlock.spec.roles import Role
from renderlock.spec.standing import Standing
from renderlock.store.address import Address
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

REHEARSAL_MODEL = "embedded"


@dataclass(frozen=True)
class Job:
    """One picture to have: where it belongs, its exact recipe, and where its init picture comes from."""

    asset: Asset
    step: Step
    standing: Standing
    reference: str
    recipe: Recipe
    deviations: tuple[Deviation, ...]
    init_from: RenderRecord | None = None


@dataclass(frozen=True)
class Planned:
    """One picture of the plan, with its record where it is there already."""

    job: Job
    record: RenderRecord | None


@dataclass(frozen=True)
class Held:
    """An asset that cannot pass into a step yet, and what would release it."""

    asset: str
    step: str
    reason: str


@dataclass(frozen=True)
class StepPlan:
    """All pictures of one step, and the assets held back from it."""

    step: Step
    pictures: tuple[Planned, ...]
    held: tuple[Held, ...]

    @property
    def missing(self) -> tuple[Job, ...]:
        """What is still to be rendered, each recipe once."""
        jobs = {planned.job.recipe.digest: planned.job for planned in self.pictures if planned.record is None}
        return tuple(jobs.values())


@dataclass(frozen=True)
class Selection:
    """Which part of a pipeline a command works on; empty means all. `seeds` replaces the assets' own."""

    steps: frozenset[str] = frozenset()
    assets: frozenset[str] = frozenset()
    seeds: tuple[int, ...] = ()


@dataclass
class Planner:
    """Plans the steps of one pipeline over one store, each once its predecessors are planned and rendered."""

    pipeline: Pipeline
    store: Store
    models: Models
    selection: Selection
    decisions: Mapping[Address, Decision]
    rehearse: bool = False
    _done: dict[str, StepPlan] = field(default_factory=dict)

    def plan(self, step: Step) -> StepPlan:
        """The plan of one step, from what the store holds now.

        Raises `NotCapable`, `StandingViolation` or what reading an init picture raises.
        """
        for name in self.needs_of(step):
            if name not in self._done:
                self.plan(self._step(name))
        jobs: list[Job] = []
        held: list[Held] = []
        for asset in self._selected_assets():
            reason, seeds = self._seeds_let_through(asset, step)
            if reason:
                held.append(Held(asset.name, step.name, reason))
            jobs.extend(self._job(asset, step, seed) for seed in seeds)
        standing = self.standing_of(step)
        found = self.store.find_all([job.recipe.digest for job in jobs], standing)
        plan = StepPlan(step, tuple(Planned(job, found.get(job.recipe.digest)) for job in jobs), tuple(held))
        self._done[step.name] = plan
        return plan

    def note_rendered(self, plan: StepPlan, rendered: Mapping[Digest, RenderRecord]) -> None:
        """Takes what was rendered since a step was planned into account for the steps after it."""
        pictures = tuple(
            replace(planned, record=planned.record or rendered.get(planned.job.recipe.digest))
            for planned in plan.pictures
        )
        self._done[plan.step.name] = replace(plan, pictures=pictures)

    def standing_of(self, step: Step) -> Standing:
        """What the renders of a step count as."""
        if self.rehearse:
            return Standing.REHEARSAL
        return Standing.SANDBOX if step.role is Role.SANDBOX else Standing.PRODUCTION

    def needs_of(self, step: Step) -> tuple[str, ...]:
        """The steps that must come first: those it names, or else the last gate before it in the file."""
        if step.needs or step.role is Role.SANDBOX:
            return step.needs
        before = self.pipeline.steps[: self.pipeline.steps.index(step)]
        gates = [earlier.name for earlier in before if earlier.gate and earlier.role is not Role.SANDBOX]
        return tuple(gates[-1:])

    def reference_of(self, step: Step) -> str:
        """The model that renders a step: its own, or the stand-in of a rehearsal."""
        return REHEARSAL_MODEL if self.rehearse else step.model

    def _step(self, name: str) -> Step:
        return next(step for step in self.pipeline.steps if step.name == name)

    def _selected_assets(self) -> Iterator[Asset]:
        wanted = self.selection.assets
        return (asset for asset in self.pipeline.assets if not wanted or asset.name in wanted)

    def _seeds_let_through(self, asset: Asset, step: Step) -> tuple[str, tuple[int, ...]]:
        """Why the asset is held back ("" if it is not), and the seeds that may be rendered."""
        seeds = self.selection.seeds or seeds_for(asset, step)
        for name in self.needs_of(step):
            upstream = [planned for planned in self._done[name].pictures if planned.job.asset.name == asset.name]
            if self._step(name).gate:
                reason, approved = self._approved_seeds(name, upstream)
                if reason:
                    return reason, ()
                seeds = approved
            else:
                there = {planned.job.recipe.seed for planned in upstream if planned.record}
                missing = [seed for seed in seeds if seed not in there]
                if missing:
                    listed = ", ".join(map(str, missing[:5])) + ("…" if len(missing) > 5 else "")
                    return f"needs {name} first (seed {listed})", tuple(seed for seed in seeds if seed in there)
        return "", seeds

    def _approved_seeds(self, gate: str, upstream: Iterable[Planned]) -> tuple[str, tuple[int, ...]]:
        """Why nothing passes the gate ("" if something does), and the seeds that were approved."""
        records = [(planned.job.recipe.seed, planned.record) for planned in upstream]
        there = [(seed, record) for seed, record in records if record]
        if not there:
            return f"needs {gate} first", ()
        verdicts = [(seed, self.decisions.get(record.address)) for seed, record in there]
        approved = tuple(seed for seed, decision in verdicts if decision and decision.verdict == "approve")
        if approved:
            return "", approved
        if len(there) == len(records) and all(decision for _, decision in verdicts):
            return f"every picture of {gate} was rejected: change the prompt or the seeds", ()
        return f"waits for approval of {gate}: renderlock approve {there[0][1].address}", ()

    def _job(self, asset: Asset, step: Step, seed: int) -> Job:
        reference = self.reference_of(step)
        source, init = self._init(asset, step, seed)
        request = Request(
            prompt=asset.prompt,
            seed=seed,
            size=step.size,
            negative_prompt=asset.negative_prompt,
            steps=step.steps,
            guidance_scale=step.guidance_scale,
            sampler=step.sampler,
            init=init,
        )
        policy = "record" if self.rehearse else step.deviations
        capabilities = self.models.engine(reference).capabilities
        resolved = resolve(request, self.models.identity(reference), capabilities, policy)
        stand_in = self._stand_in(step, reference)
        return Job(
            asset, step, self.standing_of(step), reference, resolved.recipe, stand_in + resolved.deviations, source
        )

    def _stand_in(self, step: Step, reference: str) -> tuple[Deviation, ...]:
        if not self.rehearse or step.model == reference:
            return ()
        return (Deviation("model", step.model, reference, "rehearsal: the embedded engine stands in"),)

    def _init(self, asset: Asset, step: Step, seed: int) -> tuple[RenderRecord | None, Init | None]:
        if step.strength is None:
            return None, None
        if step.init_from:
            upstream = self._done[step.init_from].pictures
            record = next(
                planned.record
                for planned in upstream
                if planned.record and planned.job.asset.name == asset.name and planned.job.recipe.seed == seed
            )
            return record, Init(record.pixels, step.strength)
        if asset.init_image is None:
            return None, None
        picture = digest_pixels(read_picture(asset.init_image))
        self._refuse_tainted(asset, step, picture)
        return None, Init(picture, step.strength)

    def _refuse_tainted(self, asset: Asset, step: Step, picture: str) -> None:
        """A production step may not start from pixels that only the sandbox or a rehearsal made."""
        if self.standing_of(step) is not Standing.PRODUCTION:
            return
        standings = self.store.standings_of(picture)
        tainted = standings & {Standing.SANDBOX, Standing.REHEARSAL}
        if tainted and Standing.PRODUCTION not in standings:
            what = f"asset {asset.name}, step {step.name}"
            raise StandingViolation(what=what, address=asset.init_image, standing=min(tainted).value)
