"""Planning: which pictures a step needs, which of them are there, and what holds an asset back.

A picture is one render of the step's model, or a route of links (`actions.finals`) of which the last is delivered. A
step is planned when those it needs have been rendered, since an approved seed or an init picture comes from them.
Planning renders nothing and spends nothing; what cannot be done is refused here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from renderlock.actions.finals.chain import INTERPOLATION, ChainPlanner, finishes
from renderlock.actions.finals.found import find_delivered
from renderlock.actions.finals.links import Draw, Finish
from renderlock.actions.finals.route_planner import RoutePlanner, is_more_than_a_render
from renderlock.actions.finals.routes import Model, Route
from renderlock.actions.jobs import Held, Job, Planned, Selection, StepPlan
from renderlock.actions.memory.prediction import device_kind, device_of
from renderlock.actions.models import Models, names_engine
from renderlock.actions.passage import Decisions, Passed, pass_into
from renderlock.engines.base import Engine, Hosted
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import NotCapable, OverlapImpossible, StandingViolation, TilesImpossible
from renderlock.imaging.decoding import read_picture
from renderlock.imaging.pixels import digest_pixels
from renderlock.spec.deviation import Deviation
from renderlock.spec.lock import Slot
from renderlock.spec.pipeline import Asset, Pipeline, Step, finishing_for, seeds_for
from renderlock.spec.recipe import Init
from renderlock.spec.roles import Role
from renderlock.spec.standing import Standing
from renderlock.store.address import Address
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

REHEARSAL_MODEL = "embedded"

STILL_TO_COME = "0" * 64
"""In place of the digest of a picture that is not there yet, in a plan that only tries whether a step can be done."""


@dataclass
class Planner:
    """Plans the steps of one pipeline over one store, each once its predecessors are planned and rendered.

    `foreseen` names the steps that will have been rendered before those that need them: a dry run plans as if they
    were. `given` holds pictures by seed that a final is put together over in place of an approved one.
    """

    pipeline: Pipeline
    store: Store
    models: Models
    selection: Selection
    decisions: Decisions
    rehearse: bool = False
    foreseen: Collection[str] = ()
    given: Mapping[int, RenderRecord] = field(default_factory=dict)
    _done: dict[str, StepPlan] = field(default_factory=dict)
    _pictures: dict[Path, str] = field(default_factory=dict)
    _models: dict[tuple[str, str], Model] = field(default_factory=dict)

    @cached_property
    def _chain(self) -> ChainPlanner:
        return ChainPlanner(self.pipeline, self.models, self.rehearse)

    def plan(self, step: Step) -> StepPlan:
        """The plan of one step, from what the store holds now.

        Raises `NotCapable`, `StandingViolation` or what reading an init picture raises.
        """
        for name in self.needs_of(step):
            if name not in self._done:
                self.plan(self._step(name))
        jobs: list[Job] = []
        held: list[Held] = []
        unforeseen: list[tuple[str, int]] = []
        coming: list[tuple[Finish, ...]] = []
        for asset in self._selected_assets():
            seeds = self._seeds_of(asset, step)
            before = [self._passed(name, asset) for name in self.needs_of(step)]
            passage = pass_into(step, seeds, before, self.decisions)
            if passage.reason:
                held.append(Held(asset.name, step.name, passage.reason))
            for seed in passage.seeds:
                if step.init_from and self._source(asset, step.init_from, seed) is None:
                    unforeseen.append((asset.name, seed))
                    coming += self._coming_links(asset, step, seed)
                elif step.role.renders:
                    jobs.append(self._job(asset, step, seed))
                else:
                    jobs.append(self._enlarging_job(asset, step, seed))
        pictures = tuple(map(Planned, jobs, find_delivered(self.store, jobs, self.standing_of(step))))
        plan = StepPlan(step, pictures, tuple(held), tuple(unforeseen), tuple(coming))
        self._done[step.name] = plan
        return plan

    def note_rendered(self, plan: StepPlan, rendered: Mapping[tuple[str, ...], RenderRecord]) -> None:
        """Takes what was made since a step was planned, by its jobs' keys, into account for the steps after it."""
        pictures = tuple(
            replace(planned, record=planned.record or rendered.get(planned.job.key)) for planned in plan.pictures
        )
        self._done[plan.step.name] = replace(plan, pictures=pictures)

    def close(self) -> None:
        """Lets go of what planning opened besides the models."""
        self._chain.close()

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

    def refuse_ignored(self, steps: Collection[Step]) -> None:
        """Raises `ConfigurationError` for a key that a step could not act on where it stands."""
        for step in steps:
            if step.variants is not None and self._is_narrowed(step):
                allowed = "no `variants` behind a gate: the seeds that were approved are rendered"
                if problem := step.problem("variants", str(step.variants), allowed):
                    raise problem

    def refuse_impossible(self, steps: Collection[Step]) -> None:
        """Plans a picture of each kind of each rendering step, those still held too, and lets go of the plans.

        Raises what planning raises, so that what a later step asks in vain is told before an earlier one is rendered.
        """
        for step in steps:
            kinds = (
                {self._kind_of(asset, step): asset for asset in self._selected_assets()} if step.role.renders else {}
            )
            for asset in kinds.values():
                self._job(asset, step, seeds_for(asset, step)[0])

    def _kind_of(self, asset: Asset, step: Step) -> tuple[object, ...]:
        """What of an asset decides whether a step can do it."""
        finishing = finishing_for(asset, step)
        return finishing.overlays, finishing.palette, self.pipeline.upscaler_tag(asset), asset.init_image is not None

    def enlarges(self, step: Step) -> bool:
        """Whether pictures of a step are enlarged: as it says, or as its model cannot draw them in another way."""
        if step.finishing.upscale is not None or not step.role.renders:
            return True
        facts = self.models.engine(self.reference_of(step)).capabilities
        return not facts.img2img and is_more_than_a_render(step.size, step.finishing.tiles, facts)

    @property
    def enlargers(self) -> frozenset[Slot]:
        """What the upscalers of the selected assets are locked as."""
        tags = (self.pipeline.upscaler_tag(asset) for asset in self._selected_assets())
        return frozenset(Slot(Role.UPSCALER, tag) for tag in tags)

    def reference_of(self, step: Step) -> str:
        """The model that renders a step, or the upscaler that enlarges: its own, or the stand-in of a rehearsal."""
        if not step.role.renders:
            return INTERPOLATION if self.rehearse else step.model
        return REHEARSAL_MODEL if self.rehearse else step.model

    def engine_of(self, step: Step) -> Engine | None:
        """The engine of a step's model; None where an upscaler that is no engine does its work."""
        reference = self.reference_of(step)
        return self.models.engine(reference) if step.role.renders or names_engine(reference) else None

    def providers_of(self, step: Step) -> tuple[Hosted, ...]:
        """Those that pictures of a step are bought from, the one that renders them first; upscalers too."""
        names = [self.reference_of(step)] if step.role.renders else []
        if self.enlarges(step):
            upscalers = dict.fromkeys(self._chain.upscaler_of(asset) for asset in self._selected_assets())
            names += filter(names_engine, upscalers)
        engines = (self.models.engine(name) for name in dict.fromkeys(names))
        return tuple(engine for engine in engines if isinstance(engine, Hosted))

    def _step(self, name: str) -> Step:
        return next(step for step in self.pipeline.steps if step.name == name)

    def _selected_assets(self) -> Iterator[Asset]:
        wanted = self.selection.assets
        return (asset for asset in self.pipeline.assets if not wanted or asset.name in wanted)

    def _passed(self, name: str, asset: Asset) -> Passed:
        """A planned step as it stands for one asset."""
        plan = self._done[name]
        pictures = {seed: _address_of(planned) for seed, planned in plan.by_asset.get(asset.name, {}).items()}
        pictures |= {seed: None for of, seed in plan.unforeseen if of == asset.name}
        return Passed(
            step=plan.step,
            pictures=pictures,
            narrowed=self._is_narrowed(plan.step),
            held=any(held.asset == asset.name for held in plan.held),
            coming=frozenset(pictures) if name in self.foreseen else frozenset(),
        )

    def _is_narrowed(self, step: Step) -> bool:
        """Whether a step renders only what a gate before it let through."""
        before = [self._step(name) for name in self.needs_of(step)]
        return any(needed.gate or self._is_narrowed(needed) for needed in before)

    def _seeds_of(self, asset: Asset, step: Step) -> tuple[int, ...]:
        """The seeds a step is asked for: the asset's, or those whose finished pictures it enlarges."""
        if step.role.renders:
            return self.selection.seeds or seeds_for(asset, step)
        source = self._done[step.init_from or ""]
        coming = (seed for name, seed in source.unforeseen if name == asset.name)
        return tuple(dict.fromkeys((*source.by_asset.get(asset.name, {}), *coming)))

    def _enlarging_job(self, asset: Asset, step: Step, seed: int) -> Job:
        """The job of a step of the upscaler role: the finished picture of another step, enlarged and then laid over."""
        source = self._source(asset, step.init_from or "", seed)
        assert source is not None
        reference = self._chain.upscaler_of(asset)
        route = Route(tuple(self._chain.links(step, asset, source.size)), source)
        deviations = self._stand_in(step, reference)
        return Job(
            asset, step, self.standing_of(step), reference, route.first_recipe, deviations, seed=seed, route=route
        )

    def _coming_links(self, asset: Asset, step: Step, seed: int) -> Iterator[tuple[Finish, ...]]:
        """The links of an enlargement whose picture is still to come, where its size is known; raises as they do."""
        planned = self._done[step.init_from or ""].by_asset.get(asset.name, {}).get(seed)
        if not step.role.renders and planned is not None:
            yield tuple(self._chain.links(step, asset, planned.job.size))

    def _source(self, asset: Asset, step: str, seed: int) -> RenderRecord | None:
        """The render of a step that a later one starts from, if it is there."""
        plan = self._done.get(step)
        planned = plan.by_asset.get(asset.name, {}).get(seed) if plan else None
        return planned.record if planned else None

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
        model = self._model(step, reference)
        preview = self._preview(asset, step, seed)
        planner = RoutePlanner(request, step.finishing, model, preview, partial(self._chain.enlarge, asset))
        # A rehearsal takes the nearest size, where no tiles are asked for: it is for trying things quickly.
        route = None if self.rehearse and step.finishing.tiles is None else _wanted(planner, step)
        if route is not None and len(route.links) > 1 and not model.facts.img2img:
            self._chain.open_upscaler(asset)
        if route is None:
            resolved = resolve(request, model.identity, model.facts, model.policy)
            route = Route((Draw(resolved.recipe),), None, resolved.deviations)
        noted = (*self._stand_in(step, reference), *_budget_noted(step, model))
        recipe, deviations = route.first_recipe, noted + route.deviations
        is_single = isinstance(route.links[0], Draw) and len(route.links) == 1 and not finishes(step.finishing, asset)
        return Job(
            asset,
            step,
            self.standing_of(step),
            reference,
            recipe,
            deviations,
            seed=recipe.seed,
            init_from=source,
            route=None if is_single else replace(self._finished(route, step, asset), rungs=planner.rungs()),
            rungs=planner.rungs(),
            fallbacks=lambda: tuple(self._finished(one, step, asset) for one in planner.fallbacks()),
        )

    def _finished(self, route: Route, step: Step, asset: Asset) -> Route:
        """The route with what comes after the render."""
        return route.then(tuple(self._chain.links(step, asset, route.size)))

    def _model(self, step: Step, reference: str) -> Model:
        """The model of a step, one value for all of its pictures."""
        policy = "record" if self.rehearse else step.deviations
        if (reference, policy) not in self._models:
            engine = self.models.engine(reference)
            device = device_kind(device_of(engine))
            self._models[reference, policy] = Model(
                self.models.identity(reference), engine.capabilities, policy, device
            )
        return self._models[reference, policy]

    def _preview(self, asset: Asset, step: Step, seed: int) -> RenderRecord | None:
        """The approved picture of that seed, whose composition the final keeps, or the one a person gave."""
        if seed in self.given:
            return self.given[seed]
        gates = [name for name in self.needs_of(step) if self._step(name).gate]
        return self._source(asset, gates[-1], seed) if gates else None

    def _stand_in(self, step: Step, reference: str) -> tuple[Deviation, ...]:
        if not self.rehearse or step.model == reference:
            return ()
        who = "the embedded engine" if step.role.renders else "plain interpolation"
        return (Deviation("model", step.model, reference, f"rehearsal: {who} stands in"),)

    def _init(self, asset: Asset, step: Step, seed: int) -> tuple[RenderRecord | None, Init | None]:
        if step.strength is None:
            return None, None
        if step.init_from:
            record = self._source(asset, step.init_from, seed)
            return record, Init(record.pixels if record else STILL_TO_COME, step.strength)
        if asset.init_image is None:
            return None, None
        picture = self._picture_of(asset.init_image)
        self._refuse_tainted(asset, step, picture)
        return None, Init(picture, step.strength)

    def _picture_of(self, path: Path) -> str:
        """The digest of a file's pixels, read once."""
        if path not in self._pictures:
            self._pictures[path] = digest_pixels(read_picture(path))
        return self._pictures[path]

    def _refuse_tainted(self, asset: Asset, step: Step, picture: str) -> None:
        """A production step may not start from pixels that only the sandbox or a rehearsal made."""
        if self.standing_of(step) is not Standing.PRODUCTION:
            return
        standings = self.store.standings_of(picture)
        tainted = standings & {Standing.SANDBOX, Standing.REHEARSAL}
        if tainted and Standing.PRODUCTION not in standings:
            what = f"asset {asset.name}, step {step.name}"
            raise StandingViolation(what=what, address=asset.init_image, standing=min(tainted).value)


def _budget_noted(step: Step, model: Model) -> tuple[Deviation, ...]:
    """What is said of a memory budget for a model that renders elsewhere; raises `NotCapable` where that is refused."""
    budget_bytes = step.finishing.memory_budget_bytes
    if budget_bytes is None or not model.facts.hosted:
        return ()
    noted = Deviation("memory_budget", f"{budget_bytes} bytes", "none", "the model does not render on this machine")
    if model.policy == "refuse":
        raise NotCapable(model=f"{model.identity.engine}:{model.identity.model}", listing=f"  {noted}")
    return (noted,)


def _wanted(planner: RoutePlanner, step: Step) -> Route | None:
    """The wanted route; what is wrong with the tiles is told at the key that says it."""
    try:
        route = planner.wanted()
    except OverlapImpossible as error:
        allowed = f"at most {error.facts['most']} for {error.facts['canvas']} on this model"
        raise step.problem("tile_overlap", str(error.facts["overlap"]), allowed) or error from None
    except TilesImpossible as error:
        allowed = f"`auto`, or tiles that make {error.facts['canvas']}: {error.facts['reason']}"
        raise step.problem("tiles", str(step.finishing.tiles), allowed) or error from None
    overlap = step.finishing.tile_overlap
    if route is None and overlap is not None:
        allowed = "`tiles` beside it, as the model renders this size in one piece"
        if problem := step.problem("tile_overlap", str(overlap), allowed):
            raise problem
    return route


def _address_of(planned: Planned) -> Address | None:
    return planned.record.address if planned.record else None
