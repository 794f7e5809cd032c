"""Planning a picture from tiles: its base, the levels between base and final, and the tiles of each.

Pure planning on values: nothing is read or rendered.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from renderlock.actions.finals.grids import TileWish, last_tile, plan_tiling
from renderlock.actions.finals.links import Draw, Link, Tiled, Variant, tile_controls, with_grid
from renderlock.actions.finals.prompts import tile_prompt
from renderlock.actions.finals.routes import Model, Route
from renderlock.engines.capabilities import Capabilities, SizeRule
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import NotCapable, TilesImpossible
from renderlock.spec.deviation import Deviation
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

MOST_CROP = 0.1
"""So much of an approved picture may be cut off for a final of another shape, on record; beyond, it is another one."""

TILE_STEPS_SHARE = 0.5
"""Of the picture's steps: a tile starts from little noise."""


def plan_tiles(request: Request, wish: TileWish, model: Model, preview: RenderRecord | None) -> Route:
    """The route to a picture that is put together from tiles of a model that can start from pictures.

    `preview` is the approved picture of the same seed, whose composition is kept. Without one the base is the model's
    own render near its native size; so it is, on record, where the shape is another and the policy allows it. Raises
    `NotCapable`, there too, or `TilesImpossible`.
    """
    size = request.size or model.facts.sizes.native
    base_size = shape_like(size, model.facts.sizes)
    resolved = resolve(replace(request, size=base_size), model.identity, model.facts, model.policy)
    template = replace(resolved.recipe, init=None)
    final = _tiled(template, size, wish, model)
    deviations = resolved.deviations
    if preview is not None and request.init is None:
        if _stretch(preview.size, size) < MOST_CROP:
            levels = _levels(template, preview.size, size, model)
            return Route((*levels, final), preview, (*deviations, *_approved_crop_noted(preview, size)))
        deviations += (_anew(preview, size, base_size, model),)
    deviations += _crop_noted(base_size, size)
    return Route((Draw(resolved.recipe), *_levels(template, base_size, size, model), final), None, deviations)


@lru_cache(256)
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


def is_same_shape(one: Size, other: Size) -> bool:
    """Whether one picture covers the other's canvas with hardly anything cut off."""
    return _stretch(one, other) < SAME_SHAPE


def _levels(template: Recipe, start: Size, size: Size, model: Model) -> Iterator[Link]:
    """The pictures between the base and the final, each a part of the way as large."""
    factor = max(size.width / start.width, size.height / start.height)
    parts = max(1, math.ceil(math.log(factor) / math.log(MOST_ENLARGEMENT))) if factor > 1 else 1
    for part in range(1, parts):
        shrink = factor ** (part / parts) / factor
        asked = Size(max(1, round(size.width * shrink)), max(1, round(size.height * shrink)))
        legal = model.facts.sizes.nearest(asked)
        if is_same_shape(legal, size) and _area(legal) > 0.5 * _area(asked):
            yield Draw(replace(template, size=legal), LEVEL_STRENGTH)
        else:
            with suppress(TilesImpossible):  # Too thin for tiles: then this level is left out.
                yield _tiled(template, asked, TileWish(), model)


def _tiled(template: Recipe, size: Size, wish: TileWish, model: Model) -> Tiled:
    """The link of tiles over a canvas; `template` is the picture's recipe at another size."""
    words = tile_prompt(template.prompt, template.guidance_scale, model.facts)
    steps = _tile_steps(template.steps, model.facts)
    tile = replace(template, prompt=words.prompt, guidance_scale=words.guidance_scale, steps=steps)
    extras = tile_controls(tile, windows=model.facts.windows)
    tiling = plan_tiling(size, model.facts.sizes, wish)
    last = last_tile(size, tiling, model.facts.sizes)
    recipe = with_grid(replace(template, size=size, extras=extras), tiling, last)
    return Tiled(recipe, TILE_STRENGTH, tuple(_repairs(recipe, tiling, wish, model)))


def _repairs(recipe: Recipe, tiling: TilingPlan, wish: TileWish, model: Model) -> Iterator[Variant]:
    """Another grid of the picture, with a wider overlap, which moves every seam."""
    with suppress(TilesImpossible):
        wider = plan_tiling(recipe.size, model.facts.sizes, replace(wish, overlap=2 * tiling.overlap))
        reason = "a seam showed or tiles disagreed, so they overlap more"
        noted = Deviation("tiles", say_tiling(tiling), say_tiling(wider), reason)
        if wider.overlap < min(wider.tile.width, wider.tile.height):
            yield Variant(with_grid(recipe, wider, last_tile(recipe.size, wider, model.facts.sizes)), noted)


def say_tiling(tiling: TilingPlan) -> str:
    """Tile and overlap in words."""
    return f"tiles of {tiling.tile}, {tiling.overlap} px of overlap"


def _tile_steps(steps: int | None, facts: Capabilities) -> int | None:
    """Half the picture's steps, but enough that at least one is left of them at the tile's strength."""
    if steps is None or facts.steps is None:
        return None
    wanted = max(math.ceil(steps * TILE_STEPS_SHARE), math.ceil(1 / TILE_STRENGTH))
    return min(max(wanted, facts.steps.lowest), facts.steps.highest)


def _approved_crop_noted(preview: RenderRecord, size: Size) -> tuple[Deviation, ...]:
    if is_same_shape(preview.size, size):
        return ()
    reason = "the approved picture has a slightly other shape, so a rim of it is cut off"
    return (Deviation("base", f"{preview.address} ({preview.size})", f"its middle, in the shape of {size}", reason),)


def _anew(preview: RenderRecord, size: Size, base: Size, model: Model) -> Deviation:
    """That another picture than the approved one becomes the final; `NotCapable` where that is not allowed."""
    reason = "the final has another shape than the approved picture, so its composition is drawn anew"
    found = Deviation("base", f"{preview.address} ({preview.size})", f"a render of {base}", reason)
    if model.policy == "refuse":
        listing = f"  size {size}: {reason}; approve one of that shape, {preview.address} is {preview.size}"
        raise NotCapable(model=f"{model.identity.engine}:{model.identity.model}", listing=listing)
    return found


def _crop_noted(base: Size, size: Size) -> tuple[Deviation, ...]:
    """Said where no legal base has the final's shape, so that the base loses a rim."""
    if is_same_shape(base, size):
        return ()
    reason = "the model renders no picture of that shape, so the base is cut to it"
    return (Deviation("base", f"the shape of {size}", str(base), reason),)


def _stretch(one: Size, other: Size) -> float:
    return abs(math.log(one.width * other.height / (one.height * other.width)))


def _area(size: Size) -> int:
    return size.width * size.height
