"""What turns a render into a final, as a step of pipeline.yml asks for it: values, and the words they may hold.

What acts on them is in `actions.finals`; here is only what can be written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from renderlock.spec.recipe import LARGEST_SIDE_PX, Size

Anchor = Literal[
    "full", "top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right"
]
Blend = Literal[
    "normal",
    "multiply",
    "screen",
    "overlay",
    "darken",
    "lighten",
    "color-dodge",
    "color-burn",
    "hard-light",
    "soft-light",
    "difference",
    "exclusion",
    "hue",
    "saturation",
    "color",
    "luminosity",
]
Dither = Literal["none", "ordered", "diffusion"]
Rung = Literal[
    "unload",
    "vae-tiling",
    "attention-slicing",
    "split-guidance",
    "offload",
    "smaller-tiles",
    "sampler",
    "lower-resolution",
]

ANCHORS: tuple[str, ...] = get_args(Anchor)
BLENDS: tuple[str, ...] = get_args(Blend)
DITHERS: tuple[str, ...] = get_args(Dither)
RUNGS: tuple[str, ...] = get_args(Rung)
"""The rungs of the out-of-memory ladder in their default order, cheapest in quality first."""

LOCALE = "${locale}"
"""Stands for each of `locales` in the file of an overlay."""


_MOST_STRETCH_PX = 1.5
"""How far a side may be from the source's proportions: what rounding alone makes."""


def enlargement_fault(source: Size, target: Size) -> str:
    """What is allowed instead, where a picture of size `source` cannot be enlarged to `target`; "" where it can."""
    if not 1 <= min(target.width, target.height) <= max(target.width, target.height) <= LARGEST_SIDE_PX:
        return f"1 to {LARGEST_SIDE_PX} pixels a side"
    if target.width < source.width or target.height < source.height:
        return f"at least the picture's own {source}"
    wanted = source.height * target.width / source.width
    # One pixel of the narrower side is the measure, whichever of the two it is.
    if abs(target.height - wanted) > _MOST_STRETCH_PX * max(1.0, source.height / source.width):
        scale = max(target.width, target.height) / max(source.width, source.height)
        near = Size(round(source.width * scale), round(source.height * scale))
        return f"a size in its proportions, as {near}"
    return ""


@dataclass(frozen=True)
class OverlayChoice:
    """An SVG to lay over a picture.

    `width` is its share of the picture's width, `margin` the distance to the edge as a share of the shorter side;
    with the anchor `full` it covers the picture and `width` and `margin` do not apply.
    """

    file: Path
    anchor: Anchor = "full"
    width: float = 1.0
    margin: float = 0.0
    opacity: float = 1.0
    blend: Blend = "normal"

    @property
    def is_local(self) -> bool:
        """Whether its file differs by locale."""
        return LOCALE in str(self.file)

    def in_locale(self, locale: str) -> OverlayChoice:
        """The overlay with its file of one locale."""
        return replace(self, file=Path(str(self.file).replace(LOCALE, locale)))


@dataclass(frozen=True)
class PaletteChoice:
    """The palette every pixel of a picture is set to, and how the steps between its colours are spread."""

    file: Path
    dither: Dither = "none"


@dataclass(frozen=True)
class Finishing:
    """What a step does after, or in place of, one render.

    `tiles` is "auto", a number as text, or "COLUMNSxROWS", and `tile_overlap` the least overlap in pixels; None leaves
    both to the plan. `memory_ladder` holds the rungs that may be taken, in order. `upscale` is a factor or the size
    to reach. `icc` names the colour profile of the file, `match` the picture whose colours are taken over.
    """

    tiles: str | None = None
    tile_overlap: int | None = None
    memory_budget_bytes: int | None = None
    memory_ladder: tuple[Rung, ...] = field(default=get_args(Rung))
    upscale: float | Size | None = None
    match: Path | None = None
    overlays: tuple[OverlayChoice, ...] = ()
    palette: PaletteChoice | None = None
    icc: str | None = None
