"""`upscale`: a picture with more pixels, behind a gate that takes back what was invented."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from renderlock.actions.upscale_defaults import Chosen, choose, parse_limits
from renderlock.actions.upscale_engines import open_upscalers
from renderlock.actions.upscale_gate import open_gate
from renderlock.actions.upscale_keeping import Kept, kept_map, map_of, recipe_of, upscale_render, write_picture
from renderlock.actions.upscale_source import Bits, SourceFile, read_source
from renderlock.actions.upscale_target import ALLOWED, target_of
from renderlock.actions.upscaling import Upscaled, Ways, open_gentler, upscale_picture
from renderlock.actions.user_files import refusals_as_unwritable, write_new_file
from renderlock.actions.workspace import Place, kept_at_need, store_path_of
from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import (
    DEFAULT_FILE,
    FileOption,
    JsonOption,
    ProgressOption,
    StoreOption,
    place_of,
)
from renderlock.engines.base import EngineOptions
from renderlock.errors import WouldOverwrite
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Raster
from renderlock.imaging.sinks import PictureForm, refuse_too_narrow
from renderlock.settings import current_settings
from renderlock.spec.recipe import Size
from renderlock.spec.standing import Standing
from renderlock.spec.verdict import Verdict
from renderlock.store.png_texts import texts_of
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store
from renderlock.upscalers.depth import in_8_bits

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True)
class Wanted:
    """What the command was asked for beside the picture; `upscaler` None leaves it to the pipeline."""

    to: str
    upscaler: str | None
    limits: dict[str, float]
    gate: bool
    strict: bool
    output: Path | None
    map: Path | None
    bits: Bits | None
    as_json: bool
    progress: bool

    @contextmanager
    def ways(self, place: Place, record: RenderRecord | None = None) -> Iterator[tuple[Chosen, Ways]]:
        """What was chosen, and it opened, closed at the end."""
        chosen = choose(place, reference=self.upscaler, limits=self.limits, record=record)
        gate = open_gate(chosen.limits) if self.gate else None
        with kept_at_need(place, EngineOptions.of(current_settings())) as options, open_upscalers(options) as upscalers:
            opened = upscalers.open(chosen.reference)
            gentler = () if self.strict or not self.gate else open_gentler(upscalers, opened)
            watch = TileProgress(self.progress and not self.as_json)
            yield chosen, Ways(opened, gentler, gate, watch=watch)


@dataclass
class TileProgress:
    """A line on stderr each tenth of the tiles."""

    shown: bool
    said: int = -1

    def on_tile(self, done: int, tiles: int) -> None:
        """Says how far it is."""
        tenth = 10 * done // tiles
        if self.shown and tiles > 1 and tenth != self.said:
            self.said = tenth
            say(f"tile {done} of {tiles}")


_BITS: dict[str | None, Bits | None] = {None: None, "8": 8, "16": 16}


@app.command()
def upscale(
    picture: Annotated[str, typer.Argument(help="A picture file, or a render: rl-….")],
    to: Annotated[str, typer.Option("--to", help=f"How large: {ALLOWED}.")],
    upscaler: Annotated[
        str | None, typer.Option("--upscaler", "-u", help="An upscaler's reference; default: the pipeline's.")
    ] = None,
    gate: Annotated[bool, typer.Option("--gate/--no-gate", help="Judge the result against its source.")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Fall back to no gentler upscaler; fail instead.")] = False,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", help="A limit of the gate, NAME=NUMBER, over the pipeline's; may be repeated."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the picture goes.")] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", "--invented", help="Write a PNG of what was invented, and where.")
    ] = None,
    bits: Annotated[
        Literal["8", "16"] | None, typer.Option("--bits", help="Bits a channel of a file; default: the picture's own.")
    ] = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
    progress: ProgressOption = True,
) -> None:
    """Enlarge a picture to any size, and take back what the upscaler invented (exit code 1 if the gate fails)."""
    limits, depth = parse_limits(limit or []), _BITS[bits]
    wanted = Wanted(to, upscaler, limits, gate, strict, output, map_file, depth, json, progress)
    if map_file is not None and map_file.exists():
        raise WouldOverwrite(path=map_file)
    place = place_of(file, store)
    if Path(picture).is_file():
        passed = _upscale_file(Path(picture), place, wanted)
    else:
        with Store.open(store_path_of(place)) as opened:
            passed = _upscale_render(opened, opened.get(picture), place, wanted)
    if not passed:
        raise typer.Exit(1)


def _upscale_file(path: Path, place: Place, wanted: Wanted) -> bool:
    source = read_source(path, wanted.bits)
    target = target_of(wanted.to, source.size)
    output = wanted.output or Path(f"{path.stem}-{target}.png")
    form = PictureForm(target.width, target.height, source.pixels.shape[2], source.bits, source.icc)
    refuse_too_narrow(output, form)
    if output.exists():
        raise WouldOverwrite(path=output)
    with wanted.ways(place) as (chosen, ways):
        upscaled = _into_file(source, target, output, ways)
    if wanted.map is not None:
        judged = upscaled if upscaled.judged else _judged_now(source.pixels, upscaled, chosen)
        write_new_file(wanted.map, map_of(judged))
    _tell(Told(str(output), target, chosen, upscaled, upscaled.verdict), as_json=wanted.as_json)
    return upscaled.passed


def _into_file(source: SourceFile, target: Size, output: Path, ways: Ways) -> Upscaled:
    """The result, which lies in `output` with the source's profile and, in a PNG, its recipe."""
    recipe = recipe_of(ways, (source.digest, source.size), target)
    with _scratch_beside(output) as scratch:
        upscaled = upscale_picture(source.pixels, target, replace(ways, scratch=Path(scratch)))
        texts = texts_of(recipe, Standing.SANDBOX) if output.suffix.lower() == ".png" else {}
        write_picture(output, upscaled.pixels, icc=source.icc, texts=texts)
    return upscaled


@contextmanager
def _scratch_beside(output: Path) -> Iterator[str]:
    """A folder for what does not fit in memory, gone at the end; raises `FileUnwritable`."""
    with ExitStack() as stack:
        with refusals_as_unwritable(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(tempfile.TemporaryDirectory(dir=output.parent, prefix=".renderlock-"))
        yield scratch


def _upscale_render(store: Store, record: RenderRecord, place: Place, wanted: Wanted) -> bool:
    target = target_of(wanted.to, record.size)
    with wanted.ways(place, record) as (chosen, ways):
        kept = upscale_render(store, record, target, ways)
    if wanted.output is not None:
        write_new_file(wanted.output, store.read(kept.record))
    if wanted.map is not None:
        write_new_file(wanted.map, kept_map(store, kept.record) or _map_again(store, record, kept, chosen))
    _tell(Told(kept.record.address, target, chosen, kept.upscaled, kept.verdict), as_json=wanted.as_json)
    return kept.verdict is None or kept.verdict.passed


def _map_again(store: Store, source: RenderRecord, kept: Kept, chosen: Chosen) -> bytes:
    """The map of a result that kept none, as the gate refused nothing or was not asked."""
    if kept.upscaled is not None and kept.upscaled.judged:
        return map_of(kept.upscaled)
    result = Upscaled(decode_picture(store.read(kept.record)), "")
    return map_of(_judged_now(decode_picture(store.read(source)), result, chosen))


def _judged_now(source: Raster, upscaled: Upscaled, chosen: Chosen) -> Upscaled:
    gate = open_gate(chosen.limits, reads_text=False)
    return replace(upscaled, judged=(gate.judge(in_8_bits(source), in_8_bits(upscaled.pixels)),))


@dataclass(frozen=True)
class Told:
    """What the command says; `upscaled` is None for a picture that was there."""

    name: str
    target: Size
    chosen: Chosen
    upscaled: Upscaled | None
    verdict: Verdict | None


def _tell(told: Told, *, as_json: bool) -> None:
    if as_json:
        answer_json(_as_json(told))
        return
    answer(f"{told.name}  {told.target}")
    answer(f"  {told.chosen.says}")
    for deviation in () if told.upscaled is None else told.upscaled.deviations:
        answer(f"  {deviation}")
    if told.verdict is None:
        answer("  no gate was asked")
        return
    answer(f"  upscaler gate: {'passed' if told.verdict.passed else 'not passed'}")
    for measure in told.verdict.measures:
        answer(f"  {'ok  ' if measure.passes else 'FAIL'} {measure}")
    for note in told.verdict.notes:
        answer(f"  note: {note}")


def _as_json(told: Told) -> dict[str, object]:
    upscaled, verdict = told.upscaled, told.verdict
    measures = [] if verdict is None else [{**vars(one), "passes": one.passes} for one in verdict.measures]
    return {
        "picture": told.name,
        "width": told.target.width,
        "height": told.target.height,
        "found": upscaled is None,
        "asked": told.chosen.reference,
        "asked_by": told.chosen.reference_from,
        "limits_from": told.chosen.limits_from,
        "upscaler": None if upscaled is None else upscaled.upscaler,
        "fallback": None if upscaled is None or not upscaled.fallback else upscaled.fallback,
        "fallback_share": 0.0 if upscaled is None else upscaled.share,
        "deviations": [] if upscaled is None else [one.to_json() for one in upscaled.deviations],
        "passed": None if verdict is None else verdict.passed,
        "measures": measures,
        "notes": [] if verdict is None else list(verdict.notes),
    }
