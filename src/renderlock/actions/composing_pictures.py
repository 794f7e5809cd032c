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

from renderlock.actions.composing import ComposePlan, compose_recipe
from renderlock.actions.composing_files import files_of
from renderlock.actions.composing_stream import ComposedFile, Writing, compose_file, staged_path
from renderlock.actions.composing_survey import Survey, survey
from renderlock.actions.machine import host_name, machine_facts, peak_memory_bytes
from renderlock.actions.verdicts import keep_verdict
from renderlock.errors import InputUnusable
from renderlock.imaging.colour_match import (
    MATCH_METHOD,
    Correction,
    MatchMethod,
    apply_correction,
    mean_statistics,
    solve_correction,
)
from renderlock.imaging.colour_reader import Picture, open_picture
from renderlock.imaging.pixels import Pixels, high_bytes
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
    """A picture to compose: what it is called, how it is read, and its record where it is a render."""

    name: str
    picture: Picture
    record: RenderRecord | None = None

    @property
    def size(self) -> Size:
        """Its size in pixels."""
        return Size(self.picture.width, self.picture.height)


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
class MatchedSet:
    """The plan for each picture of a set, with its correction, and how far apart the set was and is."""

    plans: tuple[ComposePlan, ...]
    matched: tuple[Matched, ...]


@dataclass(frozen=True)
class TextWish:
    """Texts that must be legible, and who reads them."""

    texts: Sequence[str]
    reader: TextReader


@dataclass(frozen=True)
class Result:
    """One composed picture: its file, its recipe, what was measured, and its record where it was stored.

    `path` is a finished file of the caller's folder, or the store's own. `composed` is None where the store had it.
    """

    source: Source
    recipe: Recipe
    path: Path
    composed: ComposedFile | None
    record: RenderRecord | None = None
    texts: TextReport | None = None
    verdict: Verdict | None = None


def open_source(name: str, store: Store | None) -> Source:
    """The file or the render of that name, a file first.

    Raises `InputUnusable` where there is no such file and no store, or it is no picture, and what `Store.get` raises.
    """
    path = Path(name)
    if path.is_file():
        return Source(name, open_picture(path))
    if store is None:
        action = "Name a picture file, or work in a project (or give --store) to name a render's address."
        raise InputUnusable(path=name, reason="there is no such file, and no store here", action=action)
    record = store.get(name)
    return Source(record.address, open_picture(store.prove(record)), record)


def match_set(sources: Sequence[Source], plan: ComposePlan, wish: MatchWish) -> MatchedSet:
    """The plan for each source, with the correction that brings it to the reference, and the distances.

    Raises `InputUnusable` where the reference is no picture, or is the set and the set is one picture.
    """
    if wish.reference == SET and len(sources) < 2:
        action = "Give several pictures, or a reference picture: --match PICTURE."
        raise InputUnusable(path=sources[0].name, reason="one picture is no set", action=action)
    surveys = [survey(source.picture) for source in sources]
    reference = None if wish.reference == SET else survey(open_picture(Path(wish.reference)))
    target = mean_statistics([one.statistics for one in surveys]) if reference is None else reference.statistics
    corrections = [solve_correction(one.statistics, target, method=wish.method, amount=wish.amount) for one in surveys]
    after = [high_bytes(apply_correction(one.small, by)) for one, by in zip(surveys, corrections, strict=True)]
    plans = tuple(replace(plan, correction=correction) for correction in corrections)
    return MatchedSet(plans, _distances([one.small for one in surveys], after, reference))


def compose_source(
    source: Source,
    plan: ComposePlan,
    path: Path,
    *,
    store: Store | None,
    wish: TextWish | None = None,
) -> Result:
    """The composed picture; a source that is a render is kept in the store, with its verdict where texts are given.

    `path` is where the file of another source is written. Raises what composing and the store raise.
    """
    if source.record is None or store is None:
        composed = compose_file(source.picture, plan, path, Writing({}, keeps_pixels=wish is not None))
        bits = source.picture.bits
        recipe = compose_recipe(composed.source_digest, source.size, plan, source_bits=bits)
        return _checked(Result(source, recipe, composed.path, composed), wish)
    result = _kept(source, source.record, plan, store, wish)
    checked = _checked(result, wish)
    if checked.verdict is not None and checked.record is not None:
        keep_verdict(store, checked.record, checked.verdict)
    return checked


def _kept(source: Source, record: RenderRecord, plan: ComposePlan, store: Store, wish: TextWish | None) -> Result:
    """The composition of a render, as the store has it or made now."""
    picture = source.picture
    pixels = record.pixels if picture.is_plain else survey(picture, bits=plan.bits_of(picture.bits)).digest
    recipe = compose_recipe(pixels, source.size, plan, source_bits=picture.bits)
    known = store.find(recipe.digest, record.standing)
    if known is not None:
        return Result(source, recipe, store.prove(known), None, known)
    created, started = datetime.now(UTC), time.monotonic()
    with staged_path(store) as path:
        writing = Writing(texts_of(recipe, record.standing), keeps_pixels=wish is not None)
        composed = compose_file(picture, plan, path, writing)
        seconds = time.monotonic() - started
        new = NewRender(
            picture=composed.as_new(),
            recipe=recipe,
            standing=record.standing,
            origin=replace(record.origin, step=STEP_NAME),
            made=Made(created, seconds, compose_environment().fingerprint, host_name(), peak_memory_bytes()),
            source=(("composed_from", record.address),),
            files=files_of(plan),
        )
        kept = store.put(new)
    return Result(source, recipe, store.path_of(kept), composed, kept)


def _checked(result: Result, wish: TextWish | None) -> Result:
    if wish is None:
        return result
    seen = None if result.composed is None else result.composed.seen
    pixels = _pixels_of(open_picture(result.path)) if seen is None else seen
    report = check_texts(pixels, wish.texts, wish.reader)
    return replace(result, texts=report, verdict=text_verdict(report))


def _pixels_of(picture: Picture) -> Pixels:
    """The whole picture at 8 bits."""
    (whole,) = picture.bands(picture.height)
    return high_bytes(whole)


def compose_environment() -> Environment:
    """The facts of this machine that may change a composed picture."""
    return Environment((*machine_facts(), ("library.resvg-py", version("resvg-py"))))


def say_matched(before: Survey, correction: Correction, reference: Survey) -> str:
    """How far a picture's colours were and are from those it is matched to, for its record."""
    after = high_bytes(apply_correction(before.small, correction))
    (matched,) = _distances([before.small], [after], reference)
    mean = f"mean colour {matched.mean_before:.1f} to {matched.mean_after:.1f}"
    return f"ΔE2000 of the {mean}, of the palette {matched.palette_before:.1f} to {matched.palette_after:.1f}"


def _distances(before: Sequence[Pixels], after: Sequence[Pixels], reference: Survey | None) -> tuple[Matched, ...]:
    """How far each picture was and is from the reference, or from the others where the set is the reference."""
    measured = [[measure_colour(pixels) for pixels in pictures] for pictures in (before, after)]
    if reference is None:
        columns = [_apart_in_set(colours) for colours in measured]
    else:
        wanted = measure_colour(reference.small)
        columns = [[_apart(colour, wanted) for colour in colours] for colours in measured]
    return tuple(
        Matched(mean_before=was[0], mean_after=now[0], palette_before=was[1], palette_after=now[1])
        for was, now in zip(*columns, strict=True)
    )


def _apart(colour: Colour, reference: Colour) -> tuple[float, float]:
    pair = [colour, reference]
    return float(mean_colour_distances(pair)[0, 1]), float(palette_distances(pair)[0, 1])


def _apart_in_set(colours: Sequence[Colour]) -> list[tuple[float, float]]:
    """The mean distance of each picture to the others."""
    others = len(colours) - 1
    means, palettes = mean_colour_distances(colours), palette_distances(colours)
    return [(float(means[row].sum() / others), float(palettes[row].sum() / others)) for row in range(len(colours))]
