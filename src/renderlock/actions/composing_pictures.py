"""Composing pictures where they are: files become files, renders of a store become renders with their own recipe.

A render that was composed by the same plan before is found, not made again. With a reference, every picture of a set
is first brought to its colours, and how far they were and are apart is reported.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from renderlock.actions.composing import Composed, ComposePlan, compose_picture, compose_recipe
from renderlock.actions.machine import host_name, machine_facts, peak_memory_bytes
from renderlock.actions.verdicts import keep_verdict
from renderlock.errors import InputUnusable
from renderlock.imaging.colour import Managed, decode_managed, encode_in, read_managed
from renderlock.imaging.colour_match import (
    MATCH_METHOD,
    MatchMethod,
    mean_statistics,
    measure_statistics,
    solve_correction,
)
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.metrics.colour import Colour, mean_colour_distances, measure_colour, palette_distances
from renderlock.metrics.text import TextReport, check_texts, text_verdict
from renderlock.metrics.text_reader import TextReader
from renderlock.spec.lock import Environment
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.verdict import Verdict
from renderlock.store.png_texts import texts_of
from renderlock.store.records import Made, NewRender, RenderRecord
from renderlock.store.store import Store

STEP_NAME = "compose"
SET = "set"
"""The reference that means the mean of the pictures themselves."""


@dataclass(frozen=True)
class Source:
    """A picture to compose: what it is called, its working pixels, and its record where it is a render."""

    name: str
    managed: Managed
    record: RenderRecord | None = None

    @property
    def size(self) -> Size:
        """Its size in pixels."""
        return Size(self.managed.pixels.shape[1], self.managed.pixels.shape[0])


@dataclass(frozen=True)
class MatchWish:
    """Which colours a set is brought to: a picture, or `set`, by what method, and how far (0 to 1)."""

    reference: str
    method: MatchMethod = MATCH_METHOD
    amount: float = 1.0


@dataclass(frozen=True)
class Matched:
    """CIEDE2000 between a picture and what it was matched to, before and after: mean colours, and palettes."""

    mean_before: float
    mean_after: float
    palette_before: float
    palette_after: float


@dataclass(frozen=True)
class Result:
    """One composed picture: its file's bytes, its recipe, what was measured, and its record where it was stored.

    `composed` is None where the store had it already.
    """

    source: Source
    recipe: Recipe
    data: bytes
    composed: Composed | None
    record: RenderRecord | None = None
    texts: TextReport | None = None
    verdict: Verdict | None = None


def open_source(name: str, store: Store | None) -> Source:
    """The file or the render of that name, a file first.

    Raises `InputUnusable` where there is no such file and no store, or it is no picture, and what `Store.get` raises.
    """
    path = Path(name)
    if path.is_file():
        return Source(name, read_managed(path))
    if store is None:
        action = "Name a picture file, or work in a project (or give --store) to name a render's address."
        raise InputUnusable(path=name, reason="there is no such file, and no store here", action=action)
    record = store.get(name)
    return Source(record.address, decode_managed(store.read(record)), record)


def match_plans(sources: Sequence[Source], plan: ComposePlan, wish: MatchWish) -> list[ComposePlan]:
    """The plan for each source, with the correction that brings it to the reference.

    Raises `InputUnusable` where the reference is no picture, or is the set and the set is one picture.
    """
    measured = [measure_statistics(source.managed.pixels) for source in sources]
    if wish.reference == SET:
        if len(sources) < 2:
            action = "Give several pictures, or a reference picture: --match PICTURE."
            raise InputUnusable(path=sources[0].name, reason="one picture is no set", action=action)
        target = mean_statistics(measured)
    else:
        target = measure_statistics(read_managed(Path(wish.reference)).pixels)
    solved = (solve_correction(one, target, method=wish.method, amount=wish.amount) for one in measured)
    return [replace(plan, correction=correction) for correction in solved]


def report_match(sources: Sequence[Source], corrected: Sequence[Pixels], wish: MatchWish) -> tuple[Matched, ...]:
    """How far each picture was and is from the reference, or from the others where the set is the reference."""
    before = [measure_colour(source.managed.pixels) for source in sources]
    after = [measure_colour(pixels) for pixels in corrected]
    if wish.reference == SET:
        columns = [_apart_in_set(colours) for colours in (before, after)]
    else:
        reference = measure_colour(read_managed(Path(wish.reference)).pixels)
        columns = [[_apart(colour, reference) for colour in colours] for colours in (before, after)]
    return tuple(
        Matched(mean_before=was[0], mean_after=now[0], palette_before=was[1], palette_after=now[1])
        for was, now in zip(*columns, strict=True)
    )


def compose_source(
    source: Source,
    plan: ComposePlan,
    *,
    store: Store | None,
    texts: Sequence[str] = (),
    reader: TextReader | None = None,
) -> Result:
    """The composed picture; a source that is a render is kept in the store, with its verdict where texts are given.

    Raises what composing and the store raise.
    """
    recipe = compose_recipe(digest_pixels(source.managed.pixels), source.size, plan)
    if source.record is None or store is None:
        composed = compose_picture(source.managed.pixels, plan)
        data = encode_in(composed.pixels, plan.icc, {}) if composed.encoded is None else composed.encoded.data
        return _checked(Result(source, recipe, data, composed), composed.pixels, texts, reader)
    known = store.find(recipe.digest, source.record.standing)
    result = _known(source, recipe, known, store) if known else _made(source, recipe, plan, store)
    pixels = decode_managed(result.data).pixels if result.composed is None else result.composed.pixels
    checked = _checked(result, pixels, texts, reader)
    if checked.verdict is not None and checked.record is not None:
        keep_verdict(store, checked.record, checked.verdict)
    return checked


def _known(source: Source, recipe: Recipe, record: RenderRecord, store: Store) -> Result:
    return Result(source, recipe, store.read(record), None, record)


def _made(source: Source, recipe: Recipe, plan: ComposePlan, store: Store) -> Result:
    assert source.record is not None
    created, started = datetime.now(UTC), time.monotonic()
    standing = source.record.standing
    composed = compose_picture(source.managed.pixels, plan, texts_of(recipe, standing))
    seconds = time.monotonic() - started
    made = Made(created, seconds, _environment().fingerprint, host_name(), peak_memory_bytes())
    origin = replace(source.record.origin, step=STEP_NAME)
    picture = composed.pixels if composed.encoded is None else composed.encoded
    lineage = (("composed_from", source.record.address),)
    record = store.put(NewRender(picture, recipe, standing, origin, made, source=lineage))
    return Result(source, recipe, store.read(record), composed, record)


def _checked(result: Result, pixels: Pixels, texts: Sequence[str], reader: TextReader | None) -> Result:
    if not texts or reader is None:
        return result
    report = check_texts(pixels, texts, reader)
    return replace(result, texts=report, verdict=text_verdict(report))


def _environment() -> Environment:
    return Environment((*machine_facts(), ("library.resvg-py", version("resvg-py"))))


def _apart(colour: Colour, reference: Colour) -> tuple[float, float]:
    pair = [colour, reference]
    return float(mean_colour_distances(pair)[0, 1]), float(palette_distances(pair)[0, 1])


def _apart_in_set(colours: Sequence[Colour]) -> list[tuple[float, float]]:
    """The mean distance of each picture to the others."""
    others = len(colours) - 1
    means, palettes = mean_colour_distances(colours), palette_distances(colours)
    return [(float(means[row].sum() / others), float(palettes[row].sum() / others)) for row in range(len(colours))]
