"""Which pictures of a plan are there: every route is followed link by link, all pictures of a step at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from renderlock.actions.finals.links import Draw, Link
from renderlock.actions.finals.routes import Route
from renderlock.actions.finals.rung_recipes import under_rungs
from renderlock.actions.memory.ladder import Rung
from renderlock.spec.recipe import Digest, Recipe
from renderlock.spec.standing import Standing
from renderlock.store.records import RenderRecord, TextPairs
from renderlock.store.store import Store

_BUDGET = "memory_budget"


class Wanted(Protocol):
    """A picture of a plan: its recipe, and its routes where it is more than one render."""

    @property
    def recipe(self) -> Recipe:
        """The recipe of a picture without routes."""

    @property
    def route(self) -> Route | None:
        """The way to it, where it is more than one render."""

    @property
    def budget_bytes(self) -> int | None:
        """The memory budget it is made within."""

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs of the memory ladder that may be climbed within a single render."""

    @property
    def fallbacks(self) -> Callable[[], tuple[Route, ...]]:
        """The ways it may have come by where memory did not suffice."""


@dataclass(frozen=True)
class _Walk:
    """One route of one picture, as far as it was followed; `rank` 0 is the wanted route."""

    of: int
    rank: int
    route: Route
    links: int
    source: RenderRecord | None

    @cached_property
    def digests(self) -> tuple[Digest, ...]:
        """What the next link may be found as, the wanted recipe first."""
        link = self.route.links[self.links]
        return tuple(recipe.digest for recipe in link_recipes(link, self.source, self.route.rungs))

    @property
    def arrived(self) -> bool:
        return self.links == len(self.route.links)

    def on_from(self, record: RenderRecord) -> _Walk:
        return _Walk(self.of, self.rank, self.route, self.links + 1, record)


def came_under(budget_bytes: int | None) -> TextPairs:
    """What the record of a picture says that came out by a rung of the ladder."""
    return ((_BUDGET, "none" if budget_bytes is None else str(budget_bytes)),)


def _is_for(record: RenderRecord, budget_bytes: int | None) -> bool:
    """Whether a picture that came out by a rung is one for a budget: it came under that much, or more."""
    came = dict(record.source).get(_BUDGET, "none")
    return came == "none" or (budget_bytes is not None and budget_bytes <= int(came))


def find_delivered(store: Store, wanted: Sequence[Wanted], standing: Standing) -> list[RenderRecord | None]:
    """The delivered picture of each, None where a link of every route is missing; the wanted route comes first.

    The store is asked once for all single renders and first links, and once more for each further link; what is
    missing then is looked for on the routes that the memory ladder falls back to. What came out by one of them under a
    smaller memory budget is not taken.
    """
    ways = [() if one.route is None else (one.route,) for one in wanted]
    singles = {index: one.recipe.digest for index, one in enumerate(wanted) if one.route is None}
    found = store.find_all(list(singles.values()), standing)
    delivered: dict[int, RenderRecord] = {index: found[digest] for index, digest in singles.items() if digest in found}
    delivered |= _follow(store, dict(enumerate(ways)), standing)
    missing = [index for index in range(len(wanted)) if index not in delivered]
    others = _follow(store, {index: _other_ways(wanted[index]) for index in missing}, standing)
    delivered |= {index: one for index, one in others.items() if _is_for(one, wanted[index].budget_bytes)}
    return [delivered.get(index) for index in range(len(wanted))]


def link_recipes(link: Link, source: RenderRecord | None, rungs: Sequence[Rung]) -> tuple[Recipe, ...]:
    """Every recipe a link's picture may have, the wanted one first."""
    if isinstance(link, Draw):
        return under_rungs(link.recipe_from(source), rungs)
    return link.recipes_from(source)


def _other_ways(one: Wanted) -> tuple[Route, ...]:
    """The render under a rung of the ladder that changed its recipe, then the ladder's other routes."""
    changed = under_rungs(one.recipe, one.rungs)[1:] if one.route is None else ()
    return (*(Route((Draw(recipe),)) for recipe in changed), *one.fallbacks())


def _follow(store: Store, routes: Mapping[int, Sequence[Route]], standing: Standing) -> dict[int, RenderRecord]:
    """The picture at the end of the first route of each that is there from its first link to its last."""
    walks = [_Walk(of, rank, route, 0, route.start) for of, ways in routes.items() for rank, route in enumerate(ways)]
    arrived: list[_Walk] = []
    while walks:
        found = store.find_all(_all_digests(walks), standing)
        reached = [after for walk in walks if (after := _step(walk, found))]
        arrived += [walk for walk in reached if walk.arrived]
        walks = [walk for walk in reached if not walk.arrived]
    delivered: dict[int, RenderRecord] = {}
    for walk in sorted(arrived, key=lambda one: one.rank):
        if walk.source is not None:
            delivered.setdefault(walk.of, walk.source)
    return delivered


def _all_digests(walks: Sequence[_Walk]) -> list[Digest]:
    return [digest for walk in walks for digest in walk.digests]


def _step(walk: _Walk, found: Mapping[Digest, RenderRecord]) -> _Walk | None:
    """The walk one link on; None where that link is missing."""
    there = next((digest for digest in walk.digests if digest in found), None)
    return None if there is None else walk.on_from(found[there])
