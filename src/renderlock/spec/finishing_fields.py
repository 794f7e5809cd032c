"""The values that finishing keys of pipeline.yml may hold: each a parser and the sentence that says what is allowed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from renderlock.spec.finishing import ANCHORS, BLENDS, DITHERS, LOCALE, RUNGS, OverlayChoice, PaletteChoice, Rung
from renderlock.spec.pipeline_fields import is_text, parse_path, refusal, unknown_key

MOST_OVERLAYS = 16
MOST_LOCALES = 100
MOST_UPSCALERS = 100

OVERLAY_ALLOWED = (
    "the path of an SVG, a map {file, anchor, width, margin, opacity, blend}, or a list of these; "
    f"{LOCALE} in the file stands for each of `locales`"
)
PALETTE_ALLOWED = "the path of a palette, or a map {file, dither}"
LADDER_ALLOWED = f"a list of different rungs: {', '.join(RUNGS)}"
LOCALES_ALLOWED = 'a list of different locales, as [en, de, "pt-BR"]'
UPSCALERS_ALLOWED = "a map of upscalers by tag, as {photo: waifu2x, sprite: lanczos}"
SHARE_ALLOWED = 'a share above 0 and at most 1, as 0.25 or "25%"'
MARGIN_ALLOWED = 'a share from 0 to 0.5, as 0.04 or "4%"'

_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}\Z")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%\Z")
_OVERLAY_KEYS = ("file", "anchor", "width", "margin", "opacity", "blend")
_PALETTE_KEYS = ("file", "dither")


def parse_overlays(value: object) -> tuple[OverlayChoice, ...]:
    """One overlay or several, in the order they are laid."""
    if not isinstance(value, list):
        return (_overlay(value, ()),)
    if not 1 <= len(value) <= MOST_OVERLAYS:
        raise refusal(OVERLAY_ALLOWED)
    return tuple(_overlay(item, (index,)) for index, item in enumerate(value))


def parse_palette(value: object) -> PaletteChoice:
    """A palette's file, and how to dither."""
    if not isinstance(value, dict):
        return PaletteChoice(Path(parse_path(value)))
    _refuse_unknown(value, _PALETTE_KEYS)
    palette = PaletteChoice(Path(_path_at(value, (), PALETTE_ALLOWED)))
    if "dither" not in value:
        return palette
    return replace(palette, dither=_word(value["dither"], DITHERS, ("dither",)))  # type: ignore[arg-type]  # one of them


def parse_ladder(value: object) -> tuple[Rung, ...]:
    """Rungs in the order they are taken; an empty list takes none."""
    if not isinstance(value, list) or len(value) > len(RUNGS):
        raise refusal(LADDER_ALLOWED)
    for index, rung in enumerate(value):
        if rung not in RUNGS or rung in value[:index]:
            raise refusal(LADDER_ALLOWED, (index,))
    return tuple(cast("list[Rung]", value))


def parse_locales(value: object) -> tuple[str, ...]:
    """Different locales, by their language tags."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_LOCALES:
        raise refusal(LOCALES_ALLOWED)
    for index, locale in enumerate(value):
        if not isinstance(locale, str) or not _LOCALE.match(locale) or locale in value[:index]:
            raise refusal(LOCALES_ALLOWED, (index,))
    return tuple(value)


def parse_upscalers(value: object) -> dict[str, str]:
    """Upscaler references by the tag of the assets they enlarge."""
    if not isinstance(value, dict) or len(value) > MOST_UPSCALERS:
        raise refusal(UPSCALERS_ALLOWED)
    for tag, reference in value.items():
        if not is_text(reference, 1000):
            raise refusal(UPSCALERS_ALLOWED, (tag,))
    return value


def _overlay(value: object, at: tuple[str | int, ...]) -> OverlayChoice:
    if isinstance(value, str) and is_text(value, 1000):
        return OverlayChoice(Path(value))
    if not isinstance(value, dict):
        raise refusal(OVERLAY_ALLOWED, at)
    _refuse_unknown(value, _OVERLAY_KEYS, at)
    anchor = _word(value.get("anchor", "full"), ANCHORS, (*at, "anchor"))
    blend = _word(value.get("blend", "normal"), BLENDS, (*at, "blend"))
    if anchor == "full" and value.keys() & {"width", "margin"}:
        raise refusal("an `anchor` other than full beside `width` or `margin`", at)
    return OverlayChoice(
        file=Path(_path_at(value, at, OVERLAY_ALLOWED)),
        anchor=anchor,  # type: ignore[arg-type]  # one of them
        width=_share(value.get("width", 1.0), (*at, "width")),
        margin=_margin(value.get("margin", 0.0), (*at, "margin")),
        opacity=_share(value.get("opacity", 1.0), (*at, "opacity")),
        blend=blend,  # type: ignore[arg-type]  # one of them
    )


def _path_at(fields: Mapping[str, object], at: tuple[str | int, ...], allowed: str) -> str:
    path = fields.get("file")
    if not is_text(path, 1000):
        raise refusal(allowed, (*at, "file") if "file" in fields else at)
    return path


def _word(value: object, allowed: tuple[str, ...], at: tuple[str | int, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise refusal(f"one of: {', '.join(allowed)}", at)
    return value


def _share(value: object, at: tuple[str | int, ...]) -> float:
    share = _number(value)
    if share is None or not 0 < share <= 1:
        raise refusal(SHARE_ALLOWED, at)
    return share


def _margin(value: object, at: tuple[str | int, ...]) -> float:
    share = _number(value)
    if share is None or not 0 <= share <= 0.5:
        raise refusal(MARGIN_ALLOWED, at)
    return share


def _number(value: object) -> float | None:
    if isinstance(value, str) and (match := _PERCENT.match(value)):
        return float(match.group(1)) / 100
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def _refuse_unknown(fields: Mapping[str, object], known: tuple[str, ...], at: tuple[str | int, ...] = ()) -> None:
    for key in fields:
        if key not in known:
            raise unknown_key(str(key), known, at)
