"""Putting tiles together into one picture for the store: merged, held against its base, checked for seams.

What shows a seam is blended again the stronger way and judged again; the caller renders other tiles where that does not
suffice. Every judgement is kept as a verdict about the picture.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from renderlock.actions.finals.anchoring import anchor
from renderlock.actions.finals.bases import base_canvas
from renderlock.actions.finals.canvas import Canvas
from renderlock.actions.finals.judging import Found, Judged, judge_final, with_note
from renderlock.actions.finals.limits import Limits
from renderlock.actions.finals.links import grid_of_recipe
from renderlock.actions.finals.staged import Staged, StagedSink, staging
from renderlock.actions.finals.tiles import Tiles
from renderlock.actions.jobs import Job
from renderlock.actions.making import Maker
from renderlock.actions.verdicts import keep_verdict
from renderlock.errors import RecipeError, StoreDamaged
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.merge import Blend, MergeReport, SpilledTiles, merge_tiles
from renderlock.imaging.pixels import Pixels, Raster, fit_to
from renderlock.imaging.sinks import RowSink
from renderlock.imaging.tiles import Overlap, Tile
from renderlock.metrics.composition import GATE as COMPOSITION_GATE
from renderlock.metrics.seams import OverlapMeasure, compare_overlap
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Recipe
from renderlock.store.png_texts import texts_of
from renderlock.store.records import NewRender, RenderRecord, TextPairs
from renderlock.store.store import Store

CHANNELS = 3

NOTHING_APPROVED = "Held against the base that was drawn for it: no picture of its shape was approved"


@dataclass(frozen=True)
class AnchoredTiles:
    """The tiles of a picture, read from the store one at a time, each anchored to the tone of its part of the base."""

    store: Store
    records: Mapping[Tile, RenderRecord]
    canvas: Canvas

    def read(self, tile: Tile) -> Raster:
        """The tile in 16 bits, alpha laid on white; raises `StoreDamaged` where it has another size."""
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
        """Whether no seam shows, and tiles agree on what lies where."""
        return self.judged.seam.passed and self.judged.agrees

    @property
    def rank(self) -> tuple[bool, float]:
        """Of several merges of a picture, the least is the best."""
        return not self.judged.agrees, self.judged.seams.value


@dataclass
class Merger:
    """Merges the tiles of one job's picture over its base, as often as it takes; what it staged is gone at its end.

    `approved` is the picture whose composition the final must keep; without one that is its base.
    """

    maker: Maker
    job: Job
    base: RenderRecord
    approved: RenderRecord | None
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
        if first.judged.seam.passed or first.report.blend == "two-band":
            return first
        second = self._merge(recipe, tiles, "two-band")
        return min(first, second, key=lambda one: one.rank)

    def keep(self, merged: Merged, deviations: tuple[Deviation, ...], source: TextPairs = ()) -> RenderRecord:
        """Puts a merged picture into the store, with where it comes from and what was found about it."""
        made = self.maker.made_now(self.job, datetime.now(UTC), merged.seconds + merged.tiles.seconds)
        noted = tuple(dict.fromkeys((*deviations, *merged.tiles.deviations)))
        record = self.maker.keep(
            NewRender(
                picture=merged.staged.as_new(merged.judged.small),
                recipe=merged.recipe,
                standing=self.job.standing,
                origin=self.maker.origin(self.job),
                made=made,
                deviations=noted,
                source=_lineage(self.base, merged) + source,
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
        grid = grid_of_recipe(recipe)
        anchored = AnchoredTiles(store, tiles.records, canvas)
        measured: list[OverlapMeasure] = []

        def compared(_: Overlap, first: Raster, second: Raster) -> None:
            measured.append(compare_overlap(first, second))

        with SpilledTiles(anchored, grid, store.layout.tmp) as source:
            report = merge_tiles(grid, source, sink, blend=blend, look=compared)
        sink.close()
        staged = sink.staged()
        found = Found(staged.pixels, report.seams, tuple(measured))
        judged = judge_final(found, self._composition(canvas), self.limits)
        if self.approved is None:
            judged = with_note(judged, COMPOSITION_GATE, NOTHING_APPROVED)
        return Merged(recipe, tiles, staged, report, judged, time.monotonic() - started)

    def _composition(self, canvas: Canvas) -> Pixels:
        """The picture that the final is held against: the approved one, or its base where there is none."""
        if self.approved is None or self.approved.pixels == self.base.pixels:
            return canvas.shown()
        return decode_picture(self.maker.store.read(self.approved))

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
    canvas = base_canvas(store, store.get(lineage["base"]), recipe)
    anchored = AnchoredTiles(store, dict(zip(grid.tiles, kept, strict=True)), canvas)
    blend: Blend = "hann" if lineage.get("blend") == "hann" else "two-band"
    with SpilledTiles(anchored, grid, store.layout.tmp) as tiles:
        merge_tiles(grid, tiles, sink, blend=blend)


def _lineage(base: RenderRecord, merged: Merged) -> TextPairs:
    grid = merged.tiles.grid
    return (
        ("base", base.address),
        ("blend", merged.report.blend),
        ("grid", f"{grid.columns}x{grid.rows} tiles of {grid.tile_width}x{grid.tile_height}"),
        ("tiles", " ".join(merged.tiles.addresses)),
    )
