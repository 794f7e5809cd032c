"""Putting tiles together into one picture for the store: merged, held against its base, checked for seams.

What shows a seam is blended again the stronger way and judged again; the caller renders other tiles where that does not
suffice. Every judgement is kept as a verdict about the picture.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import numpy as np
from PIL import Image

from renderlock.actions.finals.anchoring import anchor
from renderlock.actions.finals.canvas import Canvas
from renderlock.actions.finals.judging import Judged, judge_final
from renderlock.actions.finals.limits import Limits
from renderlock.actions.finals.links import grid_of_recipe
from renderlock.actions.finals.staged import Staged, StagedSink, staging
from renderlock.actions.finals.tiles import Tiles, base_canvas
from renderlock.actions.making import Maker
from renderlock.actions.plan import Job
from renderlock.actions.verdicts import keep_verdict
from renderlock.errors import RecipeError, StoreDamaged
from renderlock.imaging.merge import Blend, MergeReport, merge_tiles
from renderlock.imaging.pixels import Pixels, Raster, decode_picture, fit_to
from renderlock.imaging.sinks import RowSink
from renderlock.imaging.tiles import Tile
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Recipe
from renderlock.store.png_texts import texts_of
from renderlock.store.records import NewRender, RenderRecord, TextPairs
from renderlock.store.store import Store

CHANNELS = 3
KEPT_BYTES = 32 * 1024**2


@dataclass(frozen=True)
class AnchoredTiles:
    """The tiles of a picture, read from the store one at a time, each anchored to the tone of its part of the base.

    A merge reads tiles twice; up to `KEPT_BYTES` of them are kept from the first time.
    """

    store: Store
    records: Mapping[Tile, RenderRecord]
    canvas: Canvas
    _kept: dict[Tile, Raster] = field(default_factory=dict)

    def read(self, tile: Tile) -> Raster:
        """The tile in 16 bits, alpha laid on white; raises `StoreDamaged` where it has another size."""
        if tile in self._kept:
            return self._kept[tile]
        anchored = self._read(tile)
        if (len(self._kept) + 1) * anchored.nbytes <= KEPT_BYTES:
            self._kept[tile] = anchored
        return anchored

    def _read(self, tile: Tile) -> Raster:
        pixels = decode_picture(self.store.read(self.records[tile]))
        if pixels.shape[:2] != (tile.height, tile.width):
            reason = f"the tile is {pixels.shape[1]}x{pixels.shape[0]}, not {tile.width}x{tile.height}"
            raise StoreDamaged(path=self.store.path_of(self.records[tile]), reason=reason)
        flat = pixels if pixels.shape[2] == CHANNELS else fit_to(pixels, tile.width, tile.height)
        return anchor(flat, self.canvas.cut(tile))


@dataclass(frozen=True)
class Merged:
    """A picture put together, not in the store yet: its staged file, how it was merged, and what was found."""

    recipe: Recipe
    tiles: Tiles
    staged: Staged
    report: MergeReport
    judged: Judged
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether no seam shows."""
        return self.judged.seam.passed


@dataclass
class Merger:
    """Merges the tiles of one job's picture over its base, as often as it takes; what it staged is gone at its end."""

    maker: Maker
    job: Job
    base: RenderRecord
    limits: Limits

    def __enter__(self) -> Self:
        self._staged = ExitStack()
        return self

    def __exit__(self, *_: object) -> None:
        self._staged.close()

    def merge(self, recipe: Recipe, tiles: Tiles) -> Merged:
        """The picture merged as the tiles suggest and, where a seam shows, blended the stronger way.

        Raises `StoreError` where a tile cannot be read or the disk is full.
        """
        first = self._merge(recipe, tiles, "auto")
        if first.passed or first.report.blend == "two-band":
            return first
        second = self._merge(recipe, tiles, "two-band")
        return min(first, second, key=lambda one: one.judged.seams.value)

    def keep(self, merged: Merged, deviations: tuple[Deviation, ...]) -> RenderRecord:
        """Puts a merged picture into the store, with where it comes from and what was found about it."""
        made = self.maker.made_now(self.job, datetime.now(UTC), merged.seconds + merged.tiles.seconds)
        noted = tuple(dict.fromkeys((*deviations, *merged.tiles.deviations)))
        record = self.maker.keep(
            NewRender(
                picture=merged.staged.as_new(),
                recipe=merged.recipe,
                standing=self.job.standing,
                origin=self.maker.origin(self.job),
                made=made,
                deviations=noted,
                source=_lineage(self.base, merged),
            )
        )
        for verdict in merged.judged.verdicts:
            drawn = merged.judged.drawn if verdict is merged.judged.seam else None
            keep_verdict(self.maker.store, record, verdict, drawn=drawn)
        return record

    def _merge(self, recipe: Recipe, tiles: Tiles, blend: Blend) -> Merged:
        started = time.monotonic()
        store = self.maker.store
        sink = self._new_sink(recipe)
        canvas = base_canvas(store, self.base, recipe)
        report = merge_tiles(grid_of_recipe(recipe), AnchoredTiles(store, tiles.records, canvas), sink, blend=blend)
        sink.close()
        staged = sink.staged()
        judged = judge_final(staged.pixels, shown_base(canvas), report.seams, self.limits)
        return Merged(recipe, tiles, staged, report, judged, time.monotonic() - started)

    def _new_sink(self, recipe: Recipe) -> StagedSink:
        texts = texts_of(recipe, self.job.standing)
        return self._staged.enter_context(
            staging(self.maker.store.layout.tmp, recipe.size, channels=CHANNELS, texts=texts)
        )


def merge_again(store: Store, record: RenderRecord, sink: RowSink) -> None:
    """Merges the tiles of a kept final once more, as it was merged, into a sink of 16-bit rows.

    Raises `UnknownName` where a tile is not in the store any more, `StoreDamaged`, and `RecipeError` for a record that
    does not name its tiles.
    """
    recipe, lineage = record.recipe, dict(record.source)
    if recipe is None or recipe.tiling is None or "tiles" not in lineage:
        raise RecipeError(field="source", found="no tiles", allowed="the addresses of the final's tiles")
    grid = grid_of_recipe(recipe)
    kept = [store.get(address) for address in lineage["tiles"].split()]
    tiles = AnchoredTiles(
        store, dict(zip(grid.tiles, kept, strict=True)), base_canvas(store, store.get(lineage["base"]), recipe)
    )
    blend: Blend = "hann" if lineage.get("blend") == "hann" else "two-band"
    merge_tiles(grid, tiles, sink, blend=blend)


def shown_base(canvas: Canvas) -> Pixels:
    """The part of the base that the canvas shows, in the base's own resolution: what the final must agree with."""
    left, top, right, bottom = canvas.box
    size = (max(1, round(right - left)), max(1, round(bottom - top)))
    if size == (canvas.base.shape[1], canvas.base.shape[0]):
        return canvas.base
    shown = Image.fromarray(canvas.base).resize(size, Image.Resampling.BICUBIC, box=canvas.box)
    return np.asarray(shown)


def _lineage(base: RenderRecord, merged: Merged) -> TextPairs:
    grid = merged.tiles.grid
    return (
        ("base", base.address),
        ("blend", merged.report.blend),
        ("grid", f"{grid.columns}x{grid.rows} tiles of {grid.tile_width}x{grid.tile_height}"),
        ("tiles", " ".join(merged.tiles.addresses)),
    )
