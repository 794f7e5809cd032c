"""The values of a plan: a picture to have, whether it is there, what is held back, and the part that is wanted.

They say what is to be made and from what; `actions.plan` works them out, and the run, the estimate and the views read
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from renderlock.actions.finals.links import Finish
from renderlock.actions.finals.routes import Route
from renderlock.actions.memory.ladder import Rung
from renderlock.spec.deviation import Deviation
from renderlock.spec.pipeline import Asset, Step
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store.records import RenderRecord


@dataclass(frozen=True)
class Job:
    """One picture to have: where it belongs, its exact recipe, and where its init picture comes from.

    `route` is the way to a picture that is more than one render; `recipe` is then that of its first link. Without one
    `recipe` is the picture's. `seed` is the asset's that the picture is of. `rungs` of the memory ladder may be climbed
    within its render, `fallbacks` gives the routes after them.
    """

    asset: Asset
    step: Step
    standing: Standing
    reference: str
    recipe: Recipe
    deviations: tuple[Deviation, ...]
    seed: int = field(kw_only=True)
    init_from: RenderRecord | None = None
    route: Route | None = None
    rungs: tuple[Rung, ...] = field(default=(), compare=False)
    fallbacks: Callable[[], tuple[Route, ...]] = field(default=tuple, compare=False)

    @property
    def size(self) -> Size:
        """The size of the delivered picture."""
        return self.route.size if self.route else self.recipe.size

    @property
    def budget_bytes(self) -> int | None:
        """The memory budget it is made within."""
        return self.step.finishing.memory_budget_bytes

    @property
    def tiled(self) -> bool:
        """Whether the picture is put together from tiles, on the wanted route."""
        return self.route is not None and self.route.tiled

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Names the work: two jobs of one key give the same picture."""
        return self.route.key if self.route else (self.recipe.digest,)


@dataclass(frozen=True)
class Planned:
    """One picture of the plan, with the record of the delivered picture where it is there already."""

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
    """All pictures of one step, and the assets held back from it.

    `unforeseen` holds asset and seed of pictures that start from one still to be rendered: their recipe is not known.
    `coming` holds the links of those among them that only enlarge such a picture, as far as its size is known.
    """

    step: Step
    pictures: tuple[Planned, ...]
    held: tuple[Held, ...]
    unforeseen: tuple[tuple[str, int], ...] = ()
    coming: tuple[tuple[Finish, ...], ...] = ()

    @cached_property
    def by_asset(self) -> Mapping[str, Mapping[int, Planned]]:
        """The pictures by asset and seed."""
        found: dict[str, dict[int, Planned]] = {}
        for planned in self.pictures:
            found.setdefault(planned.job.asset.name, {})[planned.job.seed] = planned
        return found

    @property
    def missing(self) -> tuple[Job, ...]:
        """What is still to be made, each picture once."""
        jobs = {planned.job.key: planned.job for planned in self.pictures if planned.record is None}
        return tuple(jobs.values())


@dataclass(frozen=True)
class Selection:
    """Which part of a pipeline a command works on; empty means all. `seeds` replaces the assets' own."""

    steps: frozenset[str] = frozenset()
    assets: frozenset[str] = frozenset()
    seeds: tuple[int, ...] = ()
