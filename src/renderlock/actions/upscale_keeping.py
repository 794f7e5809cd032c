"""An enlarged picture kept: in the store with its recipe and its gate's verdicts, or in a file.

A picture that was enlarged before is found by its recipe and not made again. One that is too large for memory goes to
disk row by row.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from renderlock.actions.machine import host_name, library_version, machine_facts, peak_memory_bytes
from renderlock.actions.upscale_gate_files import gate_files
from renderlock.actions.upscale_recipe import upscale_recipe
from renderlock.actions.upscale_timings import STEP, TIMING_KIND
from renderlock.actions.upscaling import Upscaled, Ways, upscale_picture
from renderlock.actions.verdicts import BY, keep_verdict
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, PixelsDigest, Raster, encode_png
from renderlock.imaging.sinks import PictureForm, open_sink
from renderlock.metrics.fidelity.drawing import SHOWN_SIDE_PX
from renderlock.metrics.reduction import shrink_within
from renderlock.spec.lock import Environment
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.verdict import VERDICT_KIND, Verdict
from renderlock.store.png_texts import texts_of
from renderlock.store.records import Encoded, Made, NewEvent, NewRender, RenderRecord, StagedPicture
from renderlock.store.store import Store
from renderlock.upscalers.depth import in_8_bits

WRITTEN_ROWS = 512
MAP_FILE = "invented"
"""The file of an enlarged picture that shows what its upscaler invented, and where."""


@dataclass(frozen=True)
class Kept:
    """An enlarged render; `upscaled` is None where it was there already. `verdict` is the gate's, if one was asked."""

    record: RenderRecord
    verdict: Verdict | None
    upscaled: Upscaled | None = None


def upscale_render(store: Store, record: RenderRecord, target: Size, ways: Ways) -> Kept:
    """The render enlarged, in its own standing, found by its recipe or made now and kept.

    Raises what upscalers raise, and `StoreError`.
    """
    recipe = recipe_of(ways, (record.pixels, record.size), target)
    found = store.find(recipe.digest, record.standing)
    if found is not None:
        return Kept(found, verdict_about(store, found.address))
    created, began = datetime.now(UTC), time.monotonic()
    ways = replace(ways, scratch=store.layout.tmp)
    upscaled = upscale_picture(decode_picture(store.read(record)), target, ways)
    seconds = time.monotonic() - began
    made = Made(created, seconds, environment_of().fingerprint, host_name(), peak_memory_bytes())
    new = NewRender(
        picture=_as_new(in_8_bits(upscaled.pixels), store.layout.tmp, texts_of(recipe, record.standing)),
        recipe=recipe,
        standing=record.standing,
        origin=replace(record.origin, step=STEP),
        made=made,
        deviations=upscaled.deviations,
        source=(("upscaled_from", record.address),),
        files=(*gate_files(ways.gate), *files_of(upscaled)),
    )
    kept = store.put(new)
    for judged in upscaled.judged:
        keep_verdict(store, kept, judged.verdict)
    store.append(NewEvent(TIMING_KIND, kept.address, BY, datetime.now(UTC), _timing(recipe, seconds)))
    return Kept(kept, upscaled.verdict, upscaled)


def map_of(upscaled: Upscaled) -> bytes:
    """A PNG of what the upscaler that was asked for invented, drawn on the result; without a judgement the result."""
    draw, shown = upscaled.judged[0].draw if upscaled.judged else None, in_8_bits(upscaled.pixels)
    return encode_png(shrink_within(shown, SHOWN_SIDE_PX) if draw is None else draw(shown), {})


def files_of(upscaled: Upscaled) -> tuple[tuple[str, Encoded], ...]:
    """The map of what was invented, for a result of which the gate refused something."""
    refused = any(not judged.verdict.passed for judged in upscaled.judged)
    return ((MAP_FILE, Encoded(map_of(upscaled), "image/png")),) if refused else ()


def kept_map(store: Store, record: RenderRecord) -> bytes | None:
    """The map that was kept with an enlarged picture; None for one that passed at once."""
    found = [file for file in record.files if file.name == MAP_FILE]
    return store.blob(found[0].blob, found[0].media_type) if found else None


def recipe_of(ways: Ways, source: tuple[str, Size], target: Size) -> Recipe:
    """The recipe of a picture (digest of its pixels, and its size) enlarged in these ways."""
    gentler, gate = ways.gentler, ways.gate
    return upscale_recipe(ways.upscaler, source, target, gentler=gentler, gate=gate, project=ways.project)


def write_picture(path: Path, pixels: Raster, *, icc: bytes | None, texts: Mapping[str, str]) -> None:
    """Writes a result to a file in the format of its ending, some rows at a time; raises as `open_sink` does."""
    with open_sink(path, PictureForm.of(pixels, icc, texts)) as sink:
        for top in range(0, len(pixels), WRITTEN_ROWS):
            sink.write(pixels[top : top + WRITTEN_ROWS])


def verdict_about(store: Store, address: str) -> Verdict | None:
    """The last verdict that is kept about an address."""
    events = [event for event in store.events(address) if event.kind == VERDICT_KIND]
    return Verdict.from_pairs(dict(events[-1].fields)) if events else None


def environment_of() -> Environment:
    """The facts of this machine that may change an enlarged picture."""
    libraries = tuple((f"library.{name}", library_version(name)) for name in ("ncnn", "torch"))
    return Environment((*machine_facts(), *libraries))


def _as_new(pixels: Pixels, folder: Path, texts: Mapping[str, str]) -> Pixels | StagedPicture:
    """The picture as the store takes it: one that lies in a file goes in as a file."""
    if not isinstance(pixels, np.memmap):
        return pixels
    path = folder / f"upscaled.{secrets.token_hex(12)}.png"
    write_picture(path, pixels, icc=None, texts=texts)
    height, width, channels = pixels.shape
    digest = PixelsDigest(width, height, channels)
    for top in range(0, height, WRITTEN_ROWS):
        digest.update(pixels[top : top + WRITTEN_ROWS])
    return StagedPicture(path, "image/png", width, height, digest.hexdigest())


def _timing(recipe: Recipe, seconds: float) -> tuple[tuple[str, str], ...]:
    megapixels = recipe.size.width * recipe.size.height / 1e6
    return (
        ("work", STEP),
        ("model", recipe.model.reference),
        ("seconds", f"{seconds:.3f}"),
        ("megapixels", f"{megapixels:.3f}"),
        ("environment", environment_of().fingerprint),
        ("host", host_name()),
    )
