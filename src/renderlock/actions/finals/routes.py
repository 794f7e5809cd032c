"""Routes: the ways to one delivered picture, each a chain of links, and the facts they are planned from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from renderlock.actions.finals.links import Finish, Link, Tiled
from renderlock.actions.memory.ladder import Rung
from renderlock.engines.capabilities import Capabilities
from renderlock.spec.deviation import Deviation
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.pipeline import DeviationPolicy
from renderlock.spec.recipe import Recipe, Size
from renderlock.store.records import RenderRecord


@dataclass(frozen=True)
class Model:
    """The model of a step: which one, what it can do, what becomes of wishes it cannot grant, and where it runs."""

    identity: ModelIdentity
    facts: Capabilities
    policy: DeviationPolicy
    device: str = "cpu"


@dataclass(frozen=True)
class Route:
    """A way to the picture that is delivered: its links in order, the picture the first starts from, and what in it
    differs from what was asked.

    `rungs` of the memory ladder may be climbed within each of its renders; `rung` is the one that led to this plan, ""
    for the plan as it was asked for.
    """

    links: tuple[Link, ...]
    start: RenderRecord | None = None
    deviations: tuple[Deviation, ...] = ()
    rungs: tuple[Rung, ...] = ()
    rung: str = ""

    @property
    def size(self) -> Size:
        """The size of the delivered picture."""
        return self.links[-1].size

    @property
    def tiled(self) -> bool:
        """Whether any of its pictures is put together from tiles."""
        return any(isinstance(link, Tiled) for link in self.links)

    @property
    def first_recipe(self) -> Recipe:
        """The recipe of the first link, the only one that is known before anything is rendered."""
        return self.links[0].recipe_from(self.start)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Names the route's work."""
        return ("" if self.start is None else self.start.pixels, *(link.key for link in self.links))

    def then(self, links: tuple[Finish, ...]) -> Route:
        """The route with links after it."""
        return replace(self, links=(*self.links, *links))
