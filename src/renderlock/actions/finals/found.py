"""Which pictures of a plan are there: every route is followed link by link, all pictures of a step at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from renderlock.actions.finals.routes import Route
from renderlock.spec.recipe import Digest, Recipe
from renderlock.spec.standing import Standing
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store


class Wanted(Protocol):
    """A picture of a plan: its recipe, and its routes where it is more than one render."""

    @property
    def recipe(self) -> Recipe:
        """The recipe of a picture without routes."""

    @property
    def routes(self) -> tuple[Route, ...]:
        """The ways to it, the wanted one first."""


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
        return tuple(recipe.digest for recipe in self.route.links[self.links].recipes_from(self.source))

    @property
    def arrived(self) -> bool:
        return self.links == len(self.route.links)

    def on_from(self, record: RenderRecord) -> _Walk:
        return _Walk(self.of, self.rank, self.route, self.links + 1, record)


def find_delivered(store: Store, wanted: Sequence[Wanted], standing: Standing) -> list[RenderRecord | None]:
    """The delivered picture of each, None where a link of every route is missing; the wanted route comes first.

    The store is asked once for all single renders and first links, and once more for each further link.
    """
    singles = {index: one.recipe.digest for index, one in enumerate(wanted) if not one.routes}
    walks = [walk for index, one in enumerate(wanted) for walk in _begun(index, one)]
    found = store.find_all([*singles.values(), *_all_digests(walks)], standing)
    delivered: dict[int, RenderRecord] = {index: found[digest] for index, digest in singles.items() if digest in found}
    arrived: list[_Walk] = []
    while walks:
        reached = [after for walk in walks if (after := _step(walk, found))]
        arrived += [walk for walk in reached if walk.arrived]
        walks = [walk for walk in reached if not walk.arrived]
        found = store.find_all(_all_digests(walks), standing) if walks else found
    for walk in sorted(arrived, key=lambda one: one.rank):
        if walk.source is not None:
            delivered.setdefault(walk.of, walk.source)
    return [delivered.get(index) for index in range(len(wanted))]


def _all_digests(walks: Sequence[_Walk]) -> list[Digest]:
    return [digest for walk in walks for digest in walk.digests]


def _step(walk: _Walk, found: Mapping[Digest, RenderRecord]) -> _Walk | None:
    """The walk one link on; None where that link is missing."""
    there = next((digest for digest in walk.digests if digest in found), None)
    return None if there is None else walk.on_from(found[there])


def _begun(index: int, one: Wanted) -> Iterator[_Walk]:
    return (_Walk(index, rank, route, 0, route.start) for rank, route in enumerate(one.routes))
