"""The grid of a tiled final: tiles of a size the model renders, as few pixels made twice as that allows.

Pure geometry on the facts of `Capabilities.sizes`. A grid is fully told by tile size and overlap (`TilingPlan`) and the
size of the tile in the last corner, from which `grid_of` lays it again, so that a recipe names its tiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from renderlock.engines.capabilities import SizeRule
from renderlock.errors import TilesImpossible
from renderlock.imaging.tiles import Grid, lay_grid
from renderlock.spec.recipe import Size, TilingPlan

LEAST_COMFORTABLE_PX = 512
"""Every model draws a tile of this side well, once the picture it starts from says what is in it."""

COMFORT = 1.25
"""A tile may be so many times the native side: beyond, detail of one tile no longer hangs together."""

OVERLAP_SHARE = 1 / 20
"""The overlap where nobody says, of the largest tile: a wider one only makes pixels twice."""

CELL_PX = 8
"""Overlaps are multiples of it, so that tiles start where a cell of the common latent grids does."""


@dataclass(frozen=True)
class TileWish:
    """What was asked of the tiles: how many ("auto", "4", "3x2"), their overlap, and the largest side in pixels.

    None leaves the overlap or the largest side to the plan.
    """

    count: str = "auto"
    overlap: int | None = None
    most_px: int | None = None


def plan_tiling(canvas: Size, rule: SizeRule, wish: TileWish) -> TilingPlan:
    """Tile size and overlap for a canvas on a model.

    Raises `TilesImpossible` where no tile the model renders makes one, with what would.
    """
    if rule.listed:
        return _from_listed(canvas, rule, wish)
    side = _most_side(rule, wish)
    columns, rows = counts_of(wish.count, canvas)
    overlap = wish.overlap if wish.overlap is not None else default_overlap(side)
    limits = _Limits(canvas, rule, side, overlap)
    tile = Size(limits.solve("columns", canvas.width, columns), limits.solve("rows", canvas.height, rows))
    if tile.width * tile.height <= rule.most_pixels:
        return TilingPlan(tile, overlap)
    square = math.isqrt(rule.most_pixels) // rule.multiple * rule.multiple
    if columns or rows or square >= side:
        raise TilesImpossible(canvas=canvas, reason=f"a tile would be {tile}, and the model renders {rule}")
    return plan_tiling(canvas, rule, replace(wish, most_px=square))


def last_tile(canvas: Size, plan: TilingPlan, rule: SizeRule) -> Size:
    """The tile in the last corner: as small as the model and the canvas allow, and half a tile at least.

    Tiles of a model that renders whole cells rarely add up to a canvas; what they have too much the last one leaves
    out, so that it is not made twice. A tile of one listed size has no smaller one.
    """
    if rule.listed:
        return plan.tile
    width = _last_side(canvas.width, plan.tile.width, plan.overlap, rule)
    return Size(width, _last_side(canvas.height, plan.tile.height, plan.overlap, rule))


def grid_of(canvas: Size, plan: TilingPlan, last: Size | None = None) -> Grid:
    """The grid that a recipe's tiling names; `last` is the tile in the last corner, where that is a smaller one."""
    tile, corner = plan.tile, plan.tile if last is None else last
    size, ends = (tile.width, tile.height), (corner.width, corner.height)
    return lay_grid(canvas.width, canvas.height, tile=size, overlap=plan.overlap, last=ends)


def default_overlap(side: int) -> int:
    """The overlap for tiles of at most `side` pixels."""
    return max(CELL_PX, int(side * OVERLAP_SHARE) // CELL_PX * CELL_PX)


def _most_side(rule: SizeRule, wish: TileWish) -> int:
    """The largest side of a tile: what suits the model, or what was asked; a fixed number may use all it renders."""
    native = max(rule.native.width, rule.native.height)
    comfortable = max(LEAST_COMFORTABLE_PX, int(native * COMFORT)) if wish.count == "auto" else rule.largest
    side = min(rule.largest, comfortable, wish.most_px or rule.largest)
    return max(side, rule.smallest) // rule.multiple * rule.multiple


def _last_side(length: int, tile: int, overlap: int, rule: SizeRule) -> int:
    if tile >= length:
        return tile
    stride = tile - overlap
    needed = length - (-(-(length - overlap) // stride) - 1) * stride
    return min(tile, _rounded_up(max(needed, tile / 2, rule.smallest), rule.multiple))


def _rounded_up(side: float, multiple: int) -> int:
    return math.ceil(side / multiple) * multiple


@dataclass(frozen=True)
class _Limits:
    """What binds the axes of a grid."""

    canvas: Size
    rule: SizeRule
    side: int
    overlap: int

    def solve(self, name: str, length: int, count: int | None) -> int:
        """The tile's side on an axis of `length` pixels, in `count` tiles or in as few as are needed."""
        lowest = _rounded_up(self.rule.smallest, self.rule.multiple)
        if length < lowest:
            raise self._refused(f"{length} pixels are fewer than the model's smallest side, {lowest}")
        if length <= self.side and length % self.rule.multiple == 0 and count in {None, 1}:
            return length
        if self.overlap >= self.side:
            raise self._refused(f"tiles are at most {self.side} pixels wide, the overlap is {self.overlap}")
        least = max(2, -(-(length - self.overlap) // (self.side - self.overlap)))
        number = count or least
        even = _rounded_up((length + (number - 1) * self.overlap) / number, self.rule.multiple)
        tile = max(lowest, even)
        if number == 1 or tile > self.side:
            raise self._refused(f"the model renders {self.rule}, so that takes {least} {name} or more, not {number}")
        if tile >= length or (count and self._laid(length, tile) != count):
            raise self._refused(f"tiles are at least {lowest} pixels wide, which makes fewer than {number} {name}")
        return tile

    def _laid(self, length: int, tile: int) -> int:
        """How many tiles of that side are laid; 0 where they do not reach beyond their overlap."""
        return -(-(length - self.overlap) // (tile - self.overlap)) if tile > self.overlap else 0

    def _refused(self, reason: str) -> TilesImpossible:
        return TilesImpossible(canvas=self.canvas, reason=reason)


def counts_of(count: str, canvas: Size) -> tuple[int | None, int | None]:
    """Columns and rows of `auto`, of a number, or of COLUMNSxROWS; a number is split so that tiles come out square."""
    if count == "auto":
        return None, None
    if "x" in count:
        columns, rows = count.split("x")
        return int(columns), int(rows)
    number = int(count)
    shapes = [(columns, number // columns) for columns in range(1, number + 1) if number % columns == 0]
    return min(shapes, key=lambda shape: abs(math.log(canvas.width * shape[1] / (canvas.height * shape[0]))))


def _from_listed(canvas: Size, rule: SizeRule, wish: TileWish) -> TilingPlan:
    """The listed size that makes the fewest pixels twice."""
    columns, rows = counts_of(wish.count, canvas)
    most = wish.most_px or max(canvas.width, canvas.height)
    plans = [_plan_of(tile, wish) for tile in rule.listed if max(tile.width, tile.height) <= most]
    fitting = [plan for plan in plans if plan.tile.width <= canvas.width and plan.tile.height <= canvas.height]
    grids = {plan: grid_of(canvas, plan) for plan in fitting if plan.overlap < min(plan.tile.width, plan.tile.height)}
    wanted = [plan for plan, grid in grids.items() if columns in {None, grid.columns} and rows in {None, grid.rows}]
    if not wanted:
        offered = ", ".join(f"{grid.columns}x{grid.rows}" for grid in grids.values()) or "no number of tiles"
        raise TilesImpossible(canvas=canvas, reason=f"the model renders {rule}, which makes {offered}")
    return min(wanted, key=lambda plan: grids[plan].redundancy)


def _plan_of(tile: Size, wish: TileWish) -> TilingPlan:
    asked = default_overlap(min(tile.width, tile.height)) if wish.overlap is None else wish.overlap
    return TilingPlan(tile, asked)
