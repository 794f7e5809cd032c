"""Making a part of a final again: a tile over its base, the merge of its tiles, an enlargement.

Each gives pixels only, to be compared with those that are kept; nothing is stored.
"""

from __future__ import annotations

import re

import numpy as np

from renderlock.actions.finals.anchoring import LEVEL
from renderlock.actions.finals.canvas import Canvas
from renderlock.actions.finals.merging import CHANNELS, merge_again
from renderlock.actions.models import Models
from renderlock.actions.upscale_engines import Upscalers, upscaler_options
from renderlock.actions.upscale_gate import open_gate
from renderlock.actions.upscale_keeping import recipe_of
from renderlock.actions.upscaling import Ways, open_gentler, upscale_picture
from renderlock.errors import NotReplayable
from renderlock.imaging.pixels import Pixels, Raster, decode_picture
from renderlock.imaging.tiles import Tile
from renderlock.spec.recipe import Recipe, Size
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store

_TILE = re.compile(r"([0-9]+)x([0-9]+) at ([0-9]+),([0-9]+)")
_SIZE = re.compile(r"([0-9]+)x([0-9]+)")


class ArraySink:
    """Gathers rows of 16 bits as one 8-bit picture."""

    def __init__(self) -> None:
        self._rows: list[Pixels] = []

    def write(self, rows: Raster) -> None:
        """Takes the next rows."""
        self._rows.append(((rows.astype(np.uint32) + LEVEL // 2) // LEVEL).astype(np.uint8))

    def close(self) -> None:
        """Nothing is left to do."""

    @property
    def pixels(self) -> Pixels:
        """H x W x 3."""
        return np.concatenate(self._rows) if self._rows else np.zeros((0, 0, CHANNELS), np.uint8)


def tile_start(store: Store, record: RenderRecord) -> Pixels:
    """The part of its base that a tile started from; raises `NotReplayable` where its lineage does not say it."""
    lineage = dict(record.source)
    place, canvas = _TILE.fullmatch(lineage.get("tile", "")), _SIZE.fullmatch(lineage.get("canvas", ""))
    if place is None or canvas is None or "base" not in lineage:
        reason = "it does not say which part of which base it was drawn over"
        raise NotReplayable(address=record.address, reason=reason, action="Replay the whole final instead.")
    width, height, left, top = (int(number) for number in place.groups())
    base = decode_picture(store.read(store.get(lineage["base"])))
    whole = Size(int(canvas[1]), int(canvas[2]))
    return Canvas.over(base, whole).cut(Tile(0, 0, left, top, width, height))


def merged_again(store: Store, record: RenderRecord) -> Pixels:
    """A final merged once more from its tiles; raises as `merge_again` does."""
    sink = ArraySink()
    merge_again(store, record, sink)
    return sink.pixels


def enlarged_again(store: Store, models: Models, record: RenderRecord, recipe: Recipe) -> Pixels:
    """An enlarged picture made once more from the picture before it.

    Raises `NotReplayable` where the upscaler, its gate or the size of the parts are not those of the recipe.
    """
    lineage = dict(record.source)
    source = store.get(lineage.get("from") or lineage.get("upscaled_from", ""))
    upscalers = Upscalers(upscaler_options(models.options), models.engine)
    try:
        upscaler = upscalers.open(recipe.model.model)
        ways = Ways(upscaler, open_gentler(upscalers, upscaler), open_gate(), scratch=store.layout.tmp)
        if recipe_of(ways, (source.pixels, source.size), recipe.size).digest != recipe.digest:
            reason = "the upscaler, its gate or its limits here are not those it was made with"
            raise NotReplayable(address=record.address, reason=reason, action="Install the version it names.")
        return upscale_picture(decode_picture(store.read(source)), recipe.size, ways).pixels
    finally:
        upscalers.close()
