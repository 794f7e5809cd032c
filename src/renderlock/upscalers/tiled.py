"""Pictures enlarged to any size, tile by tile, with memory set by one row of tiles and never by the result.

Inner tile edges bring real pixels as context, as far as the upscaler's facts ask for; the passes of a network are run
one after the other on each tile; an antialiased resampling comes to the exact size; and what a network made is
projected back, so that the result, scaled down, is the source again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Protocol

import numpy as np

from renderlock.imaging.back_projection import BackProjector, PixelsBase
from renderlock.imaging.dithering import quantise
from renderlock.imaging.pixels import Raster
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import Upscaler, UpscalerFacts
from renderlock.upscalers.channels import join_layers, split_layers
from renderlock.upscalers.depth import in_8_bits, in_16_bits, joined, kind_of
from renderlock.upscalers.lanczos import BLOCK_ROWS, resample_rows, rows_needed
from renderlock.upscalers.seen import Seen

_MOST_PASSES = 5

Spans = list[tuple[int, int]]
"""Start and stop across and down, in pixels of the size reached so far."""


class TileWatch(Protocol):
    """What follows an enlargement while it runs."""

    def on_tile(self, done: int, tiles: int) -> None:
        """Called after each tile; raises to stop."""


class UnwatchedTiles:
    """A watch that nobody looks at."""

    def on_tile(self, done: int, tiles: int) -> None:
        """Lets the work go on."""


UNWATCHED = UnwatchedTiles()


@dataclass(frozen=True)
class EnlargePlan:
    """How a picture comes to its size: the network's passes, then a resampling from `inner` to `target`.

    `tile_px` and `halo_px` are source pixels; a tile's halo is what all passes need together.
    """

    source: Size
    target: Size
    passes: tuple[int, ...]
    tile_px: int
    halo_px: int

    @property
    def factor(self) -> int:
        """What all passes multiply a side by."""
        return math.prod(self.passes)

    @property
    def inner(self) -> Size:
        """The size after all passes."""
        return Size(self.source.width * self.factor, self.source.height * self.factor)

    @property
    def tiles(self) -> tuple[int, int]:
        """Columns and rows of tiles."""
        return -(-self.source.width // self.tile_px), -(-self.source.height // self.tile_px)


def plan_enlargement(facts: UpscalerFacts, source: Size, target: Size) -> EnlargePlan:
    """The fewest passes that reach the target, and of those the ones that go least beyond it."""
    ratio = max(target.width / source.width, target.height / source.height)
    passes = _passes(facts.scales, ratio)
    return EnlargePlan(source, target, passes, facts.tile_px, _halo_of(facts, passes))


def enlarge_whole(
    pixels: Raster, target: Size, upscaler: Upscaler, *, project: bool = True, watch: TileWatch = UNWATCHED
) -> Raster:
    """The picture (H x W x 1|3|4, 8 or 16 bits) at `target`, in memory; see `enlarge_bands`."""
    whole = np.empty((target.height, target.width, pixels.shape[2]), pixels.dtype)
    top = 0
    for band in enlarge_bands(pixels, target, upscaler, project=project, watch=watch):
        whole[top : top + len(band)] = band
        top += len(band)
    return whole


def enlarge_bands(
    pixels: Raster,
    target: Size,
    upscaler: Upscaler,
    *,
    project: bool = True,
    seen: Seen | None = None,
    watch: TileWatch = UNWATCHED,
) -> Iterator[Raster]:
    """The rows of the picture at `target`, from the top, in bands; the same rows whichever bands they come in.

    They have as many bits as the picture. `project` makes what a network gave agree with the source, by
    back-projection; interpolation does without. `seen` is shown the rows as they were before, where they are projected.
    """
    layers = split_layers(pixels)
    plan = plan_enlargement(upscaler.facts, Size(pixels.shape[1], pixels.shape[0]), target)
    colours = _to_target(_enlarged_rows(layers.colour, plan, upscaler, watch), plan)
    if project and is_projected(upscaler.facts, plan):
        colours = _projected(colours, layers.colour, target, seen)
    top = 0
    for colour in colours:
        bottom = top + len(colour)
        alpha = None if layers.alpha is None else resample_rows(layers.alpha, target, top, bottom)
        yield join_layers(colour, alpha, grey=layers.grey, channels=pixels.shape[2])
        top = bottom


def is_projected(facts: UpscalerFacts, plan: EnlargePlan) -> bool:
    """Whether there is a network's work to project back."""
    return bool(plan.passes) and facts.is_learned


def _projected(rows: Iterator[Raster], source: Raster, target: Size, seen: Seen | None) -> Iterator[Raster]:
    """The rows corrected towards the source, some rows later."""
    projector, done = BackProjector(target.width, target.height, PixelsBase(source)), 0
    kind = kind_of(source)
    for band in rows:
        if seen is not None:
            seen.push(band)
        for corrected in projector.push(band.astype(np.float32), kind):
            yield quantise(corrected, done, kind)
            done += len(corrected)


def _passes(scales: tuple[int, ...], ratio: float) -> tuple[int, ...]:
    """Factors of the network whose product is at least `ratio`; none where the network has none or nothing grows."""
    if not scales or ratio <= 1:
        return ()
    for count in range(1, _MOST_PASSES + 1):
        enough = [way for way in combinations_with_replacement(scales, count) if math.prod(way) >= ratio]
        if enough:
            return min(enough, key=math.prod)
    # Beyond that the resampling does the rest.
    return (max(scales),) * _MOST_PASSES


def _enlarged_rows(colour: Raster, plan: EnlargePlan, upscaler: Upscaler, watch: TileWatch) -> Iterator[Raster]:
    """The rows at `plan.inner`, a row of tiles at a time."""
    if not plan.passes:
        yield colour
        return
    columns, rows = plan.tiles
    for row in range(rows):
        band = []
        for column in range(columns):
            band.append(_enlarge_tile(colour, (column * plan.tile_px, row * plan.tile_px), plan, upscaler))
            watch.on_tile(row * columns + column + 1, rows * columns)
        yield joined(band, axis=1)


def _enlarge_tile(colour: Raster, at: tuple[int, int], plan: EnlargePlan, upscaler: Upscaler) -> Raster:
    """One tile through all passes; each makes no more than it and those after it need."""
    sides = colour.shape[1], colour.shape[0]
    tile = [(start, min(start + plan.tile_px, side)) for start, side in zip(at, sides, strict=True)]
    patch, held, reached = colour, [(0, side) for side in sides], 1
    for index, factor in enumerate(plan.passes):
        context = -(-_halo_of(upscaler.facts, plan.passes[index + 1 :]) // factor)
        wanted = _around(tile, held, reached, context)
        patch = _enlarge_part(patch, held, wanted, (upscaler, factor))
        held = [(start * factor, stop * factor) for start, stop in wanted]
        reached *= factor
    return _cut(patch, held, _around(tile, held, reached, 0))


def _enlarge_part(patch: Raster, held: Spans, wanted: Spans, run: tuple[Upscaler, int]) -> Raster:
    """The wanted part of a patch enlarged, in pieces of about a tile, each with its halo as far as the patch has it."""
    upscaler, factor = run
    facts = upscaler.facts
    (left, right), (top, bottom) = wanted
    result = np.empty(((bottom - top) * factor, (right - left) * factor, 3), patch.dtype)
    for down in _pieces((top, bottom), facts):
        for across in _pieces((left, right), facts):
            context = [
                (max(least, start // facts.align_px * facts.align_px - facts.halo_px), min(most, stop + facts.halo_px))
                for (start, stop), (least, most) in zip((across, down), held, strict=True)
            ]
            enlarged = _run(upscaler, _cut(patch, held, context), factor)
            piece = _cut(enlarged, _times(context, factor), _times([across, down], factor))
            y, x = (down[0] - top) * factor, (across[0] - left) * factor
            result[y : y + len(piece), x : x + piece.shape[1]] = piece
    return result


def _run(upscaler: Upscaler, patch: Raster, factor: int) -> Raster:
    """A patch enlarged at its own bits, also by an upscaler that takes 8 alone."""
    if patch.dtype == np.uint8 or upscaler.facts.takes_16_bits:
        return upscaler.enlarge(patch, factor)
    return in_16_bits(upscaler.enlarge(in_8_bits(patch), factor))


def _pieces(span: tuple[int, int], facts: UpscalerFacts) -> list[tuple[int, int]]:
    """A span in equal pieces of about a tile's side; a network's memory grows with the square of it."""
    start, stop = span
    count = max(1, round((stop - start) / facts.tile_px))
    side = -(-(stop - start) // count)
    return [(at, min(at + side, stop)) for at in range(start, stop, side)]


def _around(tile: Spans, held: Spans, reached: int, context: int) -> Spans:
    """The tile with its context, as far as there is any."""
    return [
        (max(least, start * reached - context), min(most, stop * reached + context))
        for (start, stop), (least, most) in zip(tile, held, strict=True)
    ]


def _times(spans: Spans, factor: int) -> Spans:
    return [(start * factor, stop * factor) for start, stop in spans]


def _cut(patch: Raster, held: Spans, wanted: Spans) -> Raster:
    (left, right), (top, bottom) = wanted
    across, down = held[0][0], held[1][0]
    return patch[top - down : bottom - down, left - across : right - across].copy()


def _halo_of(facts: UpscalerFacts, passes: tuple[int, ...]) -> int:
    """The context that the remaining passes need together, in pixels before them; 0 where there are none."""
    halo, reach = 0, 1
    for factor in passes:
        halo += -(-facts.halo_px // reach)
        reach *= factor
    return -(-halo // facts.align_px) * facts.align_px


def _to_target(rows: Iterator[Raster], plan: EnlargePlan) -> Iterator[Raster]:
    """The rows resampled to the target, as soon as all rows they are made from are there."""
    inner, target = plan.inner, plan.target
    if inner == target:
        yield from rows
        return
    held: Raster | None = None
    first, done = 0, 0
    for band in rows:
        held = band if held is None else joined([held, band])
        while done < target.height:
            stop = min(target.height, done + BLOCK_ROWS)
            start, end = rows_needed(inner.height, target.height, done, stop)
            if end > first + len(held):
                break
            held, first = held[start - first :], start
            yield resample_rows(held, target, done, stop, first=first, height=inner.height)
            done = stop
