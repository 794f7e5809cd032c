"""`upscale`: a picture with more pixels, behind a gate that takes back what was invented."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from renderlock.actions.upscale_engines import open_upscalers
from renderlock.actions.upscale_gate import open_gate
from renderlock.actions.upscale_keeping import recipe_of, upscale_render, write_picture
from renderlock.actions.upscale_target import ALLOWED, target_of
from renderlock.actions.upscaling import Upscaled, Ways, open_gentler, upscale_picture
from renderlock.actions.user_files import refusals_as_unwritable, write_new_file
from renderlock.actions.workspace import kept_at_need, store_path_of
from renderlock.cli.console import answer, answer_json, say
from renderlock.cli.options import (
    DEFAULT_FILE,
    FileOption,
    JsonOption,
    ProgressOption,
    StoreOption,
    engine_options,
    place_of,
)
from renderlock.errors import WouldOverwrite
from renderlock.imaging.pixels import Pixels, decode_picture, digest_pixels, encode_png, read_picture
from renderlock.imaging.sinks import format_of
from renderlock.settings import current_settings
from renderlock.spec.recipe import Size
from renderlock.spec.standing import Standing
from renderlock.spec.verdict import Verdict
from renderlock.store.png_texts import texts_of
from renderlock.store.store import Store

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True)
class Wanted:
    """What the command was asked for beside the picture."""

    to: str
    output: Path | None
    invented: Path | None
    as_json: bool


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


@app.command()
def upscale(
    picture: Annotated[str, typer.Argument(help="A picture file, or a render: rl-….")],
    to: Annotated[str, typer.Option("--to", help=f"How large: {ALLOWED}.")],
    upscaler: Annotated[str, typer.Option("--upscaler", "-u", help="An upscaler's reference.")] = "waifu2x",
    gate: Annotated[bool, typer.Option("--gate/--no-gate", help="Judge the result against its source.")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Fall back to no gentler upscaler; fail instead.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the picture goes.")] = None,
    invented: Annotated[Path | None, typer.Option("--invented", help="Write a PNG of what was invented.")] = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
    progress: ProgressOption = True,
) -> None:
    """Enlarge a picture to any size, and take back what the upscaler invented (exit code 1 if the gate fails)."""
    wanted = Wanted(to, output, invented, json)
    place = place_of(file, store)
    with kept_at_need(place, engine_options(current_settings())) as options, open_upscalers(options) as upscalers:
        opened = upscalers.open(upscaler)
        gentler = () if strict or not gate else open_gentler(upscalers, opened)
        ways = Ways(opened, gentler, open_gate() if gate else None, watch=TileProgress(progress and not json))
        if Path(picture).is_file():
            passed = _upscale_file(Path(picture), ways, wanted)
        else:
            with Store.open(store_path_of(place)) as opened_store:
                passed = _upscale_render(opened_store, picture, ways, wanted)
    if not passed:
        raise typer.Exit(1)


def _upscale_file(path: Path, ways: Ways, wanted: Wanted) -> bool:
    pixels = read_picture(path)
    size = _size_of(pixels)
    target = target_of(wanted.to, size)
    output = wanted.output or Path(f"{path.stem}-{target}.png")
    format_of(output)
    if output.exists():
        raise WouldOverwrite(path=output)
    recipe = recipe_of(ways, (digest_pixels(pixels), size), target)
    with _scratch_beside(output) as scratch:
        upscaled = upscale_picture(pixels, target, replace(ways, scratch=Path(scratch)))
        texts = texts_of(recipe, Standing.SANDBOX) if output.suffix.lower() == ".png" else {}
        write_picture(output, upscaled.pixels, icc=_icc_of(path), texts=texts)
        _write_invented(pixels, upscaled, wanted)
    _tell(str(output), target, upscaled, upscaled.verdict, as_json=wanted.as_json)
    return upscaled.passed


@contextmanager
def _scratch_beside(output: Path) -> Iterator[str]:
    """A folder for what does not fit in memory, gone at the end; raises `FileUnwritable`."""
    with ExitStack() as stack:
        with refusals_as_unwritable(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(tempfile.TemporaryDirectory(dir=output.parent, prefix=".renderlock-"))
        yield scratch


def _upscale_render(store: Store, address: str, ways: Ways, wanted: Wanted) -> bool:
    record = store.get(address)
    target = target_of(wanted.to, record.size)
    kept = upscale_render(store, record, target, ways)
    if wanted.output is not None:
        write_new_file(wanted.output, store.read(kept.record))
    if wanted.invented is not None:
        pixels = decode_picture(store.read(record))
        result = kept.upscaled or Upscaled(decode_picture(store.read(kept.record)), "")
        _write_invented(pixels, result, wanted)
    _tell(kept.record.address, target, kept.upscaled, kept.verdict, as_json=wanted.as_json)
    return kept.verdict is None or kept.verdict.passed


def _size_of(pixels: Pixels) -> Size:
    return Size(pixels.shape[1], pixels.shape[0])


def _write_invented(source: Pixels, result: Upscaled, wanted: Wanted) -> None:
    """Writes the map of what the upscaler asked for invented, also where that was taken back, on the result."""
    if wanted.invented is None:
        return
    judged = result.judged[0] if result.judged else open_gate(reads_text=False).judge(source, result.pixels)
    if judged.draw is not None:
        write_new_file(wanted.invented, encode_png(judged.draw(result.pixels), {}))


def _icc_of(path: Path) -> bytes | None:
    """The file's colour profile, which the result keeps as its pixels are in the same space."""
    with Image.open(path) as picture:
        profile = picture.info.get("icc_profile")
    return profile if isinstance(profile, bytes) else None


def _tell(name: str, target: Size, upscaled: Upscaled | None, verdict: Verdict | None, *, as_json: bool) -> None:
    if as_json:
        answer_json(_as_json(name, target, upscaled, verdict))
        return
    answer(f"{name}  {target}")
    for deviation in () if upscaled is None else upscaled.deviations:
        answer(f"  {deviation}")
    if verdict is None:
        answer("  no gate was asked")
        return
    answer(f"  upscaler gate: {'passed' if verdict.passed else 'not passed'}")
    for measure in verdict.measures:
        answer(f"  {'ok  ' if measure.passes else 'FAIL'} {measure}")
    for note in verdict.notes:
        answer(f"  note: {note}")


def _as_json(name: str, target: Size, upscaled: Upscaled | None, verdict: Verdict | None) -> dict[str, object]:
    measures = [] if verdict is None else [{**vars(one), "passes": one.passes} for one in verdict.measures]
    return {
        "picture": name,
        "width": target.width,
        "height": target.height,
        "found": upscaled is None,
        "upscaler": None if upscaled is None else upscaled.upscaler,
        "fallback": None if upscaled is None or not upscaled.fallback else upscaled.fallback,
        "fallback_share": 0.0 if upscaled is None else upscaled.share,
        "deviations": [] if upscaled is None else [one.to_json() for one in upscaled.deviations],
        "passed": None if verdict is None else verdict.passed,
        "measures": measures,
        "notes": [] if verdict is None else list(verdict.notes),
    }
