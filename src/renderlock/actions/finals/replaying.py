"""Making a part of a final again: a tile over its base, the merge of its tiles, an enlargement, a composition.

Each gives pixels only, to be compared with those that are kept; nothing is stored.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from renderlock.actions.composing import compose_recipe
from renderlock.actions.composing_files import correction_towards, plan_from
from renderlock.actions.composing_stream import ComposedFile, Writing, compose_file
from renderlock.actions.composing_survey import survey
from renderlock.actions.finals.anchoring import LEVEL
from renderlock.actions.finals.canvas import Canvas
from renderlock.actions.finals.enlarged import CUT_FROM, cut_from_centre, cut_recipe
from renderlock.actions.finals.merging import CHANNELS, merge_again
from renderlock.actions.models import Models
from renderlock.actions.upscale_engines import Upscalers, upscaler_options
from renderlock.actions.upscale_gate_files import PART, gate_of
from renderlock.actions.upscale_keeping import recipe_of
from renderlock.actions.upscaling import Ways, open_gentler, upscale_picture
from renderlock.errors import NotReplayable
from renderlock.imaging.colour_reader import open_picture
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.tiles import Tile
from renderlock.spec.recipe import Recipe, Size
from renderlock.store.png_texts import texts_of
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store
from renderlock.upscalers.depth import in_8_bits

_TILE = re.compile(r"([0-9]+)x([0-9]+) at ([0-9]+),([0-9]+)")
_SIZE = re.compile(r"([0-9]+)x([0-9]+)")
_NAMED = "Install the version it names: `renderlock show` tells it."


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
    """An enlarged picture made once more from the picture before it, and cut as it was.

    Raises `NotReplayable` where the upscaler, its gate or the size of the parts are not those of the recipe.
    """
    lineage, controls = dict(record.source), dict(recipe.extras)
    source = store.get(lineage.get("from") or lineage.get("upscaled_from", ""))
    cover = _SIZE.fullmatch(str(controls.get(CUT_FROM, recipe.size)))
    assert cover is not None
    whole = Size(int(cover[1]), int(cover[2]))
    upscalers = Upscalers(upscaler_options(models.options), models.engine)
    try:
        upscaler = upscalers.open(recipe.model.model)
        ways = Ways(
            upscaler,
            open_gentler(upscalers, upscaler) if controls.get("gate") else (),
            gate_of(store, record),
            project=bool(controls.get("project", True)) or not upscaler.facts.is_learned,
            scratch=store.layout.tmp,
        )
        again = recipe_of(ways, (source.pixels, source.size), whole)
        again = again if whole == recipe.size else cut_recipe(again, recipe.size)
        if again.digest != recipe.digest:
            raise NotReplayable(address=record.address, reason=_difference(again, recipe, record), action=_NAMED)
        pixels = in_8_bits(upscale_picture(decode_picture(store.read(source)), whole, ways).pixels)
        return cut_from_centre(pixels, recipe.size)
    finally:
        upscalers.close()


def _difference(again: Recipe, recipe: Recipe, record: RenderRecord) -> str:
    """What is not as it was, in words."""
    if again.model != recipe.model:
        return f"the upscaler here is {again.model.reference}, not the one it was made with"
    ours, theirs = dict(again.extras), dict(recipe.extras)
    names = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    if names == ["gate"] and not any(file.name == PART for file in record.files):
        return "the store does not keep its gate's own limits: an earlier renderlock made it"
    return f"what is used here differs in {', '.join(names) or 'its source'}"


def composed_again(store: Store, record: RenderRecord, recipe: Recipe, path: Path) -> ComposedFile:
    """A composed picture made once more at `path`, from its source and the files that the store keeps.

    Raises `NotReplayable` where the drawing library is another, or the record does not have what is needed.
    """
    lineage = dict(record.source)
    source = store.get(lineage.get("from") or lineage.get("composed_from", ""))
    picture = open_picture(store.prove(source))
    plan = plan_from(store, record, recipe)
    again = compose_recipe("", recipe.size, plan, source_bits=picture.bits)
    if again.model != recipe.model:
        reason = f"{again.model.reference} ({again.model.surface}) draws here, it was {recipe.model.reference}"
        raise NotReplayable(address=record.address, reason=reason, action=_NAMED)
    correction = correction_towards(store, record, survey(picture).statistics) if _is_matched(recipe) else None
    plan = plan if correction is None else replace(plan, correction=correction)
    return compose_file(picture, plan, path, Writing(texts_of(recipe, record.standing)))


def _is_matched(recipe: Recipe) -> bool:
    return "match.method" in dict(recipe.extras)
