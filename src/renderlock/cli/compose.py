"""`compose`: overlays, palette, colour profile and colour matching for finished pictures, and the text check."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer

from renderlock.actions.composing_delivery import beside, deliver, targets_of
from renderlock.actions.composing_inputs import OverlayFile, read_plan
from renderlock.actions.composing_pictures import (
    Matched,
    MatchWish,
    Result,
    TextWish,
    compose_source,
    match_set,
    open_source,
)
from renderlock.actions.workspace import store_path_of
from renderlock.cli.console import answer, answer_json
from renderlock.cli.options import DEFAULT_FILE, FileOption, JsonOption, StoreOption, place_of
from renderlock.errors import RecipeError
from renderlock.imaging.colour_match import MATCH_METHOD, MatchMethod
from renderlock.imaging.overlay import ANCHORS, Anchor
from renderlock.imaging.overlay_blend import BLEND_MODES, BlendMode
from renderlock.imaging.palette import Dither
from renderlock.metrics.text_reader import open_reader
from renderlock.spec.verdict import Verdict
from renderlock.store.store import Store

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_Word = TypeVar("_Word", bound=str)

_PER_OVERLAY = "once for all overlays, or once for each"
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%|(0?\.[0-9]{1,8}|[01](?:\.0*)?)")
_METHODS: tuple[MatchMethod, ...] = get_args(MatchMethod)
_DITHERS: tuple[Dither, ...] = get_args(Dither)
_BITS = ("8", "16")


@app.command()
def compose(
    pictures: Annotated[list[str], typer.Argument(help="Picture files, or addresses of renders.")],
    overlay: Annotated[
        list[Path] | None, typer.Option("--overlay", help="An SVG to lay over; several: bottom first.")
    ] = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option("--anchor", help=f"Where it lies: {', '.join(ANCHORS)} (default: full); {_PER_OVERLAY}."),
    ] = None,
    width: Annotated[
        list[str] | None, typer.Option("--width", help="Its share of the picture's width, as 25%; default 100%.")
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option("--margin", help="What stays free at the edges, of the shorter side, as 4%; default 0%."),
    ] = None,
    opacity: Annotated[list[str] | None, typer.Option("--opacity", help="0 to 1; default 1.")] = None,
    blend: Annotated[
        list[str] | None, typer.Option("--blend", help="normal, multiply, screen and the other W3C modes.")
    ] = None,
    font_folder: Annotated[
        list[Path] | None, typer.Option("--font-folder", help="A font file, or a folder of them; no others are used.")
    ] = None,
    palette: Annotated[
        Path | None,
        typer.Option("--palette", help="The colours it may have: .gpl .ase .act .hex .pal .txt .png"),
    ] = None,
    dither: Annotated[str, typer.Option("--dither", help="With a palette: none, ordered or diffusion.")] = "none",
    icc: Annotated[str, typer.Option("--icc", help="The file's profile: sRGB, DisplayP3 or an .icc file.")] = "sRGB",
    match: Annotated[
        str | None, typer.Option("--match", help="Bring the pictures to the colours of this one, or of the `set`.")
    ] = None,
    match_method: Annotated[
        str, typer.Option("--match-method", help=f"With --match: {' or '.join(_METHODS)}.")
    ] = MATCH_METHOD,
    match_amount: Annotated[str, typer.Option("--match-amount", help="With --match: how far, 0% to 100%.")] = "100%",
    text: Annotated[list[str] | None, typer.Option("--text", help="A text that must be legible in the result.")] = None,
    bits: Annotated[str, typer.Option("--bits", help="16 keeps a picture's 16 bits, 8 reduces them.")] = "16",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The file to write: .png .tif .webp .jpg .dzi; for several pictures, a folder."
        ),
    ] = None,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Lay SVGs over finished pictures, hold them to a palette and a profile, check their texts.

    Exit code 1 if a text cannot be read. Files stay as they are; a render is composed into a render of its own.
    """
    overlays = _overlay_files(
        overlay or [], _Lying(anchor or [], width or [], margin or [], opacity or [], blend or [])
    )
    plan = read_plan(
        overlays, fonts=font_folder or (), palette=palette, dither=_word(dither, _DITHERS, "dither"), icc=icc
    )
    plan = replace(plan, most_bits=int(_word(bits, _BITS, "bits")))
    wish = (
        None
        if match is None
        else MatchWish(match, _word(match_method, _METHODS, "match-method"), _share(match_amount, "match-amount"))
    )
    texts = TextWish(text, open_reader()) if text else None
    with ExitStack() as stack:
        opened = _open_store(stack, pictures, store_path_of(place_of(file, store)))
        sources = [open_source(name, opened) for name in pictures]
        targets = targets_of(sources, output, has_palette=palette is not None)
        matched = None if wish is None else match_set(sources, plan, wish)
        plans = (plan,) * len(sources) if matched is None else matched.plans
        results = [
            compose_source(source, one, stack.enter_context(beside(target)), store=opened, wish=texts)
            for source, one, target in zip(sources, plans, targets, strict=True)
        ]
        for target, result in zip(targets, results, strict=True):
            if target is not None:
                deliver(result, target)
    _show(results, targets, None if matched is None else matched.matched, as_json=json)
    if any(result.verdict is not None and not result.verdict.passed for result in results):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Lying:
    """How overlays lie, as words: each list empty, of one word, or of one word an overlay."""

    anchors: list[str]
    widths: list[str]
    margins: list[str]
    opacities: list[str]
    blends: list[str]


def _overlay_files(paths: Sequence[Path], lying: _Lying) -> list[OverlayFile]:
    count = len(paths)
    anchors = _spread(lying.anchors, "full", count, "anchor")
    widths = _spread(lying.widths, "100%", count, "width")
    margins = _spread(lying.margins, "0%", count, "margin")
    opacities = _spread(lying.opacities, "1", count, "opacity")
    blends = _spread(lying.blends, "normal", count, "blend")
    return [
        OverlayFile(
            path=path,
            anchor=_anchor(anchors[index]),
            width=_share(widths[index], "width"),
            margin=_share(margins[index], "margin"),
            opacity=_share(opacities[index], "opacity"),
            blend=_blend(blends[index]),
        )
        for index, path in enumerate(paths)
    ]


def _spread(given: list[str], default: str, count: int, option: str) -> list[str]:
    """One word an overlay."""
    if (len(given) > 1 and len(given) != count) or (given and not count):
        raise RecipeError(field=option, found=f"given {len(given)} times for {count} overlays", allowed=_PER_OVERLAY)
    return given if len(given) == count else (given or [default]) * count


def _anchor(word: str) -> Anchor:
    return _word(word, ANCHORS, "anchor")


def _blend(word: str) -> BlendMode:
    return _word(word, BLEND_MODES, "blend")


def _word(word: str, allowed: tuple[_Word, ...], option: str) -> _Word:
    for one in allowed:
        if word == one:
            return one
    raise RecipeError(field=option, found=repr(word), allowed=f"one of {', '.join(allowed)}")


def _share(text: str, option: str) -> float:
    match = _SHARE.fullmatch(text.strip())
    if match is None or (match[1] and float(match[1]) > 100):
        raise RecipeError(field=option, found=repr(text), allowed="a share, as 25% or 0.25")
    return float(match[1]) / 100 if match[1] else float(match[2])


def _open_store(stack: ExitStack, pictures: Sequence[str], path: Path) -> Store | None:
    """The store, where a picture is named that is no file and there is one."""
    if all(Path(name).is_file() for name in pictures) or not path.exists():
        return None
    return stack.enter_context(Store.open(path))


def _show(
    results: Sequence[Result],
    targets: Sequence[Path | None],
    matched: Sequence[Matched] | None,
    *,
    as_json: bool,
) -> None:
    pairs: Sequence[Matched | None] = matched or [None] * len(results)
    if as_json:
        shown = [_result_json(*one) for one in zip(results, targets, pairs, strict=True)]
        answer_json({"pictures": shown, "passed": all(not one.verdict or one.verdict.passed for one in results)})
        return
    for result, target, match in zip(results, targets, pairs, strict=True):
        for line in _result_lines(result, target, match):
            answer(line)


def _result_lines(result: Result, target: Path | None, matched: Matched | None) -> list[str]:
    where = " ".join(str(place) for place in (result.record and result.record.address, target) if place)
    known = "" if result.composed else " (it was there already)"
    lines = [f"{result.source.name} → {where}{known}"]
    lines += [f"  note: {note}" for note in result.source.picture.notes]
    if matched is not None:
        lines.append(f"  colours: ΔE2000 of the mean {matched.mean_before:.1f} → {matched.mean_after:.1f}")
    report = result.composed.palette if result.composed else None
    if report is not None:
        worst = "#{:02x}{:02x}{:02x}".format(*report.worst_colour)
        lines.append(
            f"  palette: {report.share_in_palette:.1%} was in it; ΔE2000 mean {report.mean:.1f}, p95 {report.p95:.1f},"
            f" worst {report.worst:.1f} ({worst}); as seen {report.seen_mean:.1f}; {report.used} colours used"
        )
    if result.verdict is not None:
        lines.append(f"  text: {'passed' if result.verdict.passed else 'failed'}")
        lines += [f"    {measure}" for measure in result.verdict.failures]
        lines += [f"    note: {note}" for note in result.verdict.notes]
    return lines


def _result_json(result: Result, target: Path | None, matched: Matched | None) -> dict[str, object]:
    composed, verdict = result.composed, result.verdict
    return {
        "source": result.source.name,
        "notes": list(result.source.picture.notes),
        "address": None if result.record is None else result.record.address,
        "output": None if target is None else str(target),
        "cached": composed is None,
        "bits": None if composed is None else composed.bits,
        "digest": result.recipe.digest,
        "recipe": result.recipe.to_json(),
        "placements": [] if composed is None else [vars(at) for at in composed.placements],
        "palette": None if composed is None or composed.palette is None else vars(composed.palette),
        "matched": None if matched is None else vars(matched),
        "text": None if verdict is None else _verdict_json(verdict),
    }


def _verdict_json(verdict: Verdict) -> dict[str, object]:
    return {
        "passed": verdict.passed,
        "notes": list(verdict.notes),
        "measures": [
            {**vars(measure), "value": None if math.isnan(measure.value) else measure.value, "passes": measure.passes}
            for measure in verdict.measures
        ],
    }
