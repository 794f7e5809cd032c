"""Which routes lead to a picture: the one that is wanted, and those the memory ladder falls back to.

A size the model renders is one render, as ever. Any other size is put together from tiles over a base or, where the
model cannot start from a picture, enlarged from the largest render.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from renderlock.actions.finals.grids import TileWish, plan_tiling
from renderlock.actions.finals.links import Draw, Finish, Tiled
from renderlock.actions.finals.routes import Model, Route
from renderlock.actions.finals.tiling import plan_tiles, say_tiling
from renderlock.actions.memory.ladder import Rung, rungs_for, stages
from renderlock.engines.capabilities import Capabilities, SizeRule
from renderlock.engines.resolve import Request, Resolved, resolve
from renderlock.errors import NotCapable, OverlapImpossible, TilesImpossible
from renderlock.spec.deviation import Deviation
from renderlock.spec.finishing import Finishing
from renderlock.spec.recipe import Size
from renderlock.store.records import RenderRecord

Enlarge = Callable[[Size, Size], Finish]
"""The link that enlarges a picture of one size to another."""

LEAN_SAMPLERS = ("euler", "ddim", "euler_a")
"""Samplers that keep no latents of earlier steps, best first."""

WHY = "memory did not suffice"

NO_START = "the model cannot start from a picture, so nothing larger can be drawn over it"


@dataclass(frozen=True)
class RoutePlanner:
    """Plans the routes of one picture before what comes after it.

    `preview` is the approved picture of the same seed, if there is one; `enlarge` is what enlarges pictures that the
    model itself cannot.
    """

    request: Request
    finishing: Finishing
    model: Model
    preview: RenderRecord | None
    enlarge: Enlarge

    @property
    def size(self) -> Size:
        """The size that was asked for."""
        return self.request.size or self.model.facts.sizes.native

    def wanted(self) -> Route | None:
        """The route to a picture that is more than one render; None for one that is no more.

        Raises `NotCapable`, and `TilesImpossible` where tiles or an overlap were asked for that make no such picture.
        """
        if not is_more_than_a_render(self.request.size, self.finishing.tiles, self.model.facts):
            return None
        if not self.model.facts.img2img:
            return self._enlarged()
        wish = TileWish(self.finishing.tiles or "auto", self.finishing.tile_overlap)
        try:
            return plan_tiles(self.request, wish, self.model, self.preview)
        except TilesImpossible:
            self._refuse_overlap(wish)
            if self.finishing.tiles is not None:
                raise
            return None

    def _refuse_overlap(self, wish: TileWish) -> None:
        """Raises `OverlapImpossible` with the largest overlap that makes a grid, where a smaller one does."""
        if wish.overlap is None:
            return
        works = [overlap for overlap in range(wish.overlap) if self._is_grid(replace(wish, overlap=overlap))]
        if works:
            raise OverlapImpossible(canvas=self.size, overlap=wish.overlap, most=works[-1])

    def _is_grid(self, wish: TileWish) -> bool:
        with suppress(TilesImpossible):
            return bool(plan_tiling(self.size, self.model.facts.sizes, wish))
        return False

    def rungs(self) -> tuple[Rung, ...]:
        """The rungs that may be climbed within the renders of the wanted route."""
        return stages(self._ladder())[0].rungs

    def fallbacks(self) -> Iterator[Route]:
        """The routes that the ladder falls back to, in its order: other recipes, each with what differs."""
        for stage in stages(self._ladder())[1:]:
            assert stage.plan is not None
            for route in self._climbed(stage.plan):
                yield replace(route, rungs=stage.rungs, rung=stage.plan.name)

    def _ladder(self) -> tuple[Rung, ...]:
        return rungs_for(self.model.facts, device=self.model.device, order=self.finishing.memory_ladder)

    def _climbed(self, rung: Rung) -> Iterator[Route]:
        with suppress(NotCapable, TilesImpossible):
            if rung.name == "smaller-tiles" and self.model.facts.img2img:
                yield from self._in_smaller_tiles()
            elif rung.name == "sampler":
                yield from self._by_lean_sampler()
            elif rung.name == "lower-resolution":
                yield from self._at_lower_resolution()

    def _in_smaller_tiles(self) -> Iterator[Route]:
        wanted = self._wanted_or_none()
        final = None if wanted is None else next((link for link in wanted.links if isinstance(link, Tiled)), None)
        if final is None or final.recipe.tiling is None:
            before, side = f"one render of {self.size}", max(self.size.width, self.size.height)
        else:
            before = say_tiling(final.recipe.tiling)
            side = max(final.recipe.tiling.tile.width, final.recipe.tiling.tile.height)
        floor = _least_tile(self.model.facts.sizes)
        while (side := side // 2) >= floor:
            with suppress(TilesImpossible):
                wish = TileWish("auto", None, side)
                route = plan_tiles(self.request, wish, self.model, self.preview)
                done = f"tiles of at most {side} pixels a side"
                yield replace(route, deviations=(*route.deviations, Deviation("memory", before, done, WHY)))

    def _by_lean_sampler(self) -> Iterator[Route]:
        facts, asked = self.model.facts, self._resolved().recipe.sampler
        lean = next((name for name in LEAN_SAMPLERS if name in facts.samplers), None)
        if asked is None or lean is None or asked in LEAN_SAMPLERS:
            return
        other = replace(self, request=replace(self.request, sampler=lean))
        route = other._wanted_or_none() or Route((Draw(other._resolved().recipe),))
        noted = Deviation("sampler", asked, lean, f"{WHY}, and it keeps no earlier steps")
        yield replace(route, deviations=(*route.deviations, noted))

    def _at_lower_resolution(self) -> Iterator[Route]:
        half = Size(max(1, self.size.width // 2), max(1, self.size.height // 2))
        legal = self.model.facts.sizes.nearest(half)
        if legal == self.size or legal.width * legal.height >= self.size.width * self.size.height:
            return
        resolved = resolve(replace(self.request, size=legal), self.model.identity, self.model.facts, self.model.policy)
        link = self.enlarge(legal, self.size)
        noted = Deviation("size", str(self.size), f"{legal}, enlarged by {link.name}", WHY)
        yield Route((Draw(resolved.recipe), link), None, (*resolved.deviations, noted))

    def _enlarged(self) -> Route | None:
        """The largest render of that shape, enlarged, for a model that cannot start from a picture.

        None where every render of that shape is larger: then the nearest size is told, or taken, as ever. Raises
        `NotCapable` there where tiles were asked for.
        """
        facts = self.model.facts
        is_rendered = facts.sizes.allows(self.size) or facts.reduced_from(self.size) is not None
        base = self.size if is_rendered else largest_base(self.size, facts.sizes)
        if base is None and self.finishing.tiles is not None:
            nearest = facts.sizes.nearest(self.size)
            listing = f"  {Deviation('size', str(self.size), str(nearest), f'the model renders {facts.sizes}')}"
            raise NotCapable(model=f"{self.model.identity.engine}:{self.model.identity.model}", listing=listing)
        if base is None:
            return None
        resolved = resolve(replace(self.request, size=base), self.model.identity, self.model.facts, self.model.policy)
        noted = list(resolved.deviations)
        if self.finishing.tiles is not None:
            noted.append(Deviation("tiles", self.finishing.tiles, "none drawn", NO_START))
        if self.finishing.tile_overlap is not None:
            noted.append(Deviation("tile_overlap", f"{self.finishing.tile_overlap}", "none", NO_START))
        if base == self.size:
            return Route((Draw(resolved.recipe),), None, tuple(noted))
        link = self.enlarge(base, self.size)
        noted.append(Deviation("size", str(self.size), f"{base}, enlarged by {link.name}", NO_START))
        return Route((Draw(resolved.recipe), link), None, tuple(noted))

    def _resolved(self) -> Resolved:
        return resolve(self.request, self.model.identity, self.model.facts, self.model.policy)

    def _wanted_or_none(self) -> Route | None:
        with suppress(NotCapable, TilesImpossible):
            return self.wanted()
        return None


def is_more_than_a_render(size: Size | None, tiles: str | None, facts: Capabilities) -> bool:
    """Whether a picture is put together: tiles were asked for, or the size is none the model renders.

    A size smaller than any it renders is no such picture; it is refused, or the nearest taken, as ever. Nor is one
    that is reduced from a single render.
    """
    if tiles is not None or size is None or facts.reduced_from(size):
        return tiles is not None
    rule = facts.sizes
    smallest = min((min(one.width, one.height) for one in rule.listed), default=rule.smallest)
    return not rule.allows(size) and min(size.width, size.height) >= smallest


def largest_base(size: Size, rule: SizeRule) -> Size | None:
    """The largest render of a canvas's shape that is not larger than the canvas on both sides; None where all are.

    Of listed sizes those nearest in shape count; a base of another shape covers the canvas and is cut to it.
    """
    if not rule.listed:
        nearest = rule.nearest(size)
        return None if nearest.width > size.width and nearest.height > size.height else nearest
    shape = rule.nearest(size)
    alike = [one for one in rule.listed if one.width * shape.height == one.height * shape.width]
    fitting = [one for one in alike if one.width <= size.width or one.height <= size.height]
    return max(fitting, key=lambda one: one.width * one.height, default=None)


def _least_tile(rule: SizeRule) -> int:
    """The smallest side a tile is cut down to: half the native one, below which a model draws badly."""
    return max(rule.smallest, min(rule.native.width, rule.native.height) // 2)
