"""From a wish to the route of links that fulfils it: one render where that suffices, else base, levels and tiles.

Pure planning on values: nothing is read or rendered. A size the model renders is one render, as ever. Any other size is
put together from tiles over a base, or, where the model cannot start from a picture, enlarged from the largest render.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from renderlock.actions.finals.grids import TileWish, plan_tiling
from renderlock.actions.finals.links import Draw, Link, Tiled, Variant, tile_controls
from renderlock.actions.finals.prompts import tile_prompt
from renderlock.engines.capabilities import Capabilities, SizeRule
from renderlock.engines.resolve import Request, Resolved, resolve
from renderlock.errors import TilesImpossible
from renderlock.spec.deviation import Deviation
from renderlock.spec.finishing import Finishing
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.pipeline import DeviationPolicy
from renderlock.spec.recipe import Recipe, Size, TilingPlan
from renderlock.store.records import RenderRecord

TILE_STRENGTH = 0.3
"""How far a tile may leave its part of the base: edges come out sharp, nothing is added (docs/finals.md)."""

LEVEL_STRENGTH = 0.45
"""How far a level may that is drawn in one piece, under the whole prompt."""

MOST_ENLARGEMENT = 4.5
"""A level is at most so many times as wide as the picture it starts from; more takes levels between."""

SAME_SHAPE = 0.02
"""Two shapes whose ratios differ by less are the same: a crop of a pixel or two, not of content."""

TILE_STEPS_SHARE = 0.5
"""Of the picture's steps: a tile starts from little noise."""


@dataclass(frozen=True)
class Model:
    """The model of a step: which one, what it can do, and what becomes of wishes it cannot grant."""

    identity: ModelIdentity
    facts: Capabilities
    policy: DeviationPolicy


@dataclass(frozen=True)
class Route:
    """A way to the picture that is delivered: its links in order, the picture the first starts from, and what in it
    differs from what was asked."""

    links: tuple[Link, ...]
    start: RenderRecord | None = None
    deviations: tuple[Deviation, ...] = ()

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

    @property
    def key(self) -> tuple[str, ...]:
        """Names the route's work."""
        return ("" if self.start is None else self.start.pixels, *(link.key for link in self.links))


def is_more_than_a_render(size: Size | None, tiles: str | None, rule: SizeRule) -> bool:
    """Whether a picture is put together: tiles were asked for, or the size is none the model renders.

    A size smaller than any it renders is no such picture; it is refused, or the nearest taken, as ever.
    """
    if tiles is not None or size is None:
        return tiles is not None
    smallest = min((min(one.width, one.height) for one in rule.listed), default=rule.smallest)
    return not rule.allows(size) and min(size.width, size.height) >= smallest


def plan_routes(
    request: Request, finishing: Finishing, model: Model, preview: RenderRecord | None
) -> tuple[Route, ...]:
    """The ways to a picture that is more than one render, the wanted one first; none where nobody asked for tiles and
    there are none.

    Raises `NotCapable`, or `TilesImpossible` where tiles were asked for that make no such picture.
    """
    wish = TileWish(finishing.tiles or "auto", finishing.tile_overlap)
    try:
        return (plan_tiles(request, wish, model, preview),)
    except TilesImpossible:
        if finishing.tiles is not None:
            raise
        return ()


def plan_tiles(request: Request, wish: TileWish, model: Model, preview: RenderRecord | None) -> Route:
    """The route to a picture that is put together from tiles of a model that can start from pictures.

    `preview` is the approved picture of the same seed, whose composition is kept; without one, or where its shape is
    another, the base is the model's own render near its native size. Raises `NotCapable` or `TilesImpossible`.
    """
    size = request.size or model.facts.sizes.native
    base_size = shape_like(size, model.facts.sizes)
    resolved = resolve(replace(request, size=base_size), model.identity, model.facts, model.policy)
    template = replace(resolved.recipe, init=None)
    final = _tiled(template, size, wish, model)
    deviations = resolved.deviations
    if preview is not None and request.init is None and _same_shape(preview.size, size):
        levels = _levels(template, preview.size, size, model)
        return Route((*levels, final), preview, deviations)
    if preview is not None and request.init is None:
        reason = "the final has another shape than the approved picture, so its composition is drawn anew"
        deviations += (Deviation("base", f"{preview.address} ({preview.size})", f"a render of {base_size}", reason),)
    deviations += _crop_noted(base_size, size)
    return Route((Draw(resolved.recipe), *_levels(template, base_size, size, model), final), None, deviations)


def plan_base(request: Request, model: Model) -> Resolved:
    """The largest render near the asked shape, which an upscaler enlarges; raises `NotCapable`."""
    size = request.size or model.facts.sizes.native
    nearest = model.facts.sizes.nearest(size)
    return resolve(replace(request, size=nearest), model.identity, model.facts, model.policy)


def shape_like(size: Size, rule: SizeRule) -> Size:
    """The legal size of about the native area whose shape is nearest, shape counting more than area."""
    native = rule.native.width * rule.native.height
    if rule.listed:
        return rule.nearest(size)
    highest = min(rule.largest, 4 * max(rule.native.width, rule.native.height))
    lowest = -(-rule.smallest // rule.multiple) * rule.multiple
    sides = range(lowest, highest + 1, rule.multiple)
    shapes = [shape for shape in (Size(w, h) for w in sides for h in sides) if rule.allows(shape)]

    def distance(shape: Size) -> float:
        return _stretch(shape, size) + 0.15 * abs(math.log(shape.width * shape.height / native))

    return min(shapes, key=distance)


def _levels(template: Recipe, start: Size, size: Size, model: Model) -> Iterator[Link]:
    """The pictures between the base and the final, each a part of the way as large."""
    factor = max(size.width / start.width, size.height / start.height)
    parts = max(1, math.ceil(math.log(factor) / math.log(MOST_ENLARGEMENT))) if factor > 1 else 1
    for part in range(1, parts):
        shrink = factor ** (part / parts) / factor
        asked = Size(max(1, round(size.width * shrink)), max(1, round(size.height * shrink)))
        legal = model.facts.sizes.nearest(asked)
        if _stretch(legal, size) < SAME_SHAPE and _area(legal) > 0.5 * _area(asked):
            yield Draw(replace(template, size=legal), LEVEL_STRENGTH)
        else:
            yield _tiled(template, asked, TileWish(), model)


def _tiled(template: Recipe, size: Size, wish: TileWish, model: Model) -> Tiled:
    """The link of tiles over a canvas; `template` is the picture's recipe at another size."""
    words = tile_prompt(template.prompt, template.guidance_scale, model.facts)
    steps = _tile_steps(template.steps, model.facts)
    tile = replace(template, prompt=words.prompt, guidance_scale=words.guidance_scale, steps=steps)
    extras = tile_controls(tile, windows=model.facts.windows)
    tiling = plan_tiling(size, model.facts.sizes, wish)
    recipe = replace(template, size=size, tiling=tiling, extras=extras)
    return Tiled(recipe, TILE_STRENGTH, tuple(_variants(recipe, tiling, wish, model)))


def _variants(recipe: Recipe, tiling: TilingPlan, wish: TileWish, model: Model) -> Iterator[Variant]:
    """Other grids of the picture: with a wider overlap, which moves every seam, and with smaller tiles."""
    size = recipe.size
    with suppress(TilesImpossible):
        wider = plan_tiling(size, model.facts.sizes, replace(wish, overlap=2 * tiling.overlap))
        noted = Deviation("tiles", _say(tiling), _say(wider), "a seam showed, so tiles overlap more")
        if wider.overlap < min(wider.tile.width, wider.tile.height):
            yield Variant(replace(recipe, tiling=wider), "seam", noted)
    most, floor = max(tiling.tile.width, tiling.tile.height) // 2, _least_tile(model.facts.sizes)
    while most >= floor:
        with suppress(TilesImpossible):
            smaller = plan_tiling(size, model.facts.sizes, TileWish("auto", None, most))
            noted = Deviation("tiles", _say(tiling), _say(smaller), "memory did not suffice, so tiles are smaller")
            yield Variant(replace(recipe, tiling=smaller), "memory", noted)
        most //= 2


def _least_tile(rule: SizeRule) -> int:
    """The smallest side a tile is cut down to: half the native one, below which a model draws badly."""
    return max(rule.smallest, min(rule.native.width, rule.native.height) // 2)


def _say(tiling: TilingPlan) -> str:
    return f"tiles of {tiling.tile}, {tiling.overlap} px of overlap"


def _tile_steps(steps: int | None, facts: Capabilities) -> int | None:
    """Half the picture's steps, but enough that at least one is left of them at the tile's strength."""
    if steps is None or facts.steps is None:
        return None
    wanted = max(math.ceil(steps * TILE_STEPS_SHARE), math.ceil(1 / TILE_STRENGTH))
    return min(max(wanted, facts.steps.lowest), facts.steps.highest)


def _crop_noted(base: Size, size: Size) -> tuple[Deviation, ...]:
    """Said where no legal base has the final's shape, so that the base loses a rim."""
    if _same_shape(base, size):
        return ()
    reason = "the model renders no picture of that shape, so the base is cut to it"
    return (Deviation("base", f"the shape of {size}", str(base), reason),)


def _same_shape(one: Size, other: Size) -> bool:
    return _stretch(one, other) < SAME_SHAPE


def _stretch(one: Size, other: Size) -> float:
    return abs(math.log(one.width * other.height / (one.height * other.width)))


def _area(size: Size) -> int:
    return size.width * size.height
