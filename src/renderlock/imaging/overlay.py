"""Overlays: SVG drawings laid over a picture at the picture's own resolution, by anchor, safe area and scale.

A drawing is placed in shares of the picture, so that one file serves every output size; it is drawn anew for each, so
that a logo on 8192 pixels is as sharp as on 512. The picture is worked on in bands of rows, and need never be whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

from renderlock.errors import RecipeError
from renderlock.imaging.overlay_blend import BLEND_MODES, BlendMode, blend_rows
from renderlock.imaging.overlay_css import read_sheet
from renderlock.imaging.overlay_fonts import Fonts
from renderlock.imaging.overlay_nodes import Node, parse_svg, refusal
from renderlock.imaging.overlay_raster import USUAL_LIMITS, DrawingLimits, drawn, has_effects, strip_rows
from renderlock.imaging.overlay_raster import Raster as DrawnRaster
from renderlock.imaging.overlay_references import check_references
from renderlock.imaging.overlay_text import check_fonts
from renderlock.imaging.pixels import Raster

Anchor = Literal[
    "top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right", "full"
]
ANCHORS: tuple[Anchor, ...] = get_args(Anchor)

_BAND_PX = 1_000_000
_LENGTH = re.compile(r"\s*([\d.]+(?:[eE][+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|q)?\s*", re.IGNORECASE)
_PX_OF = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "q": 96 / 101.6}
_FLATTEST = 1000.0
"""The largest ratio of a drawing's sides."""


@dataclass(frozen=True)
class Overlay:
    """An SVG and how it lies on a picture.

    `width_share` is the drawing's width as a share of the picture's, above 0, at most 1; `margin_share` what stays
    free at each edge as a share of the picture's shorter side, 0 to 0.5. A drawing too high for what is left is made
    smaller until it fits. Anchor `full` gives it the whole picture, so its share is 1 and its margin 0. `name` is for
    messages.
    """

    svg: bytes
    anchor: Anchor = "full"
    width_share: float = 1.0
    margin_share: float = 0.0
    opacity: float = 1.0
    blend: BlendMode = "normal"
    name: str = "overlay.svg"

    def __post_init__(self) -> None:
        _refuse(self.anchor in ANCHORS, "anchor", self.anchor, f"one of {', '.join(ANCHORS)}")
        _refuse(self.blend in BLEND_MODES, "blend", self.blend, f"one of {', '.join(BLEND_MODES)}")
        _refuse(0 < self.width_share <= 1, "width", f"{self.width_share:.0%}", "above 0%, at most 100%")
        _refuse(0 <= self.margin_share <= 0.5, "margin", f"{self.margin_share:.0%}", "0% to 50%")
        _refuse(0 <= self.opacity <= 1, "opacity", self.opacity, "0 to 1")
        if self.anchor == "full":
            _refuse(self.width_share == 1, "width", f"{self.width_share:.0%}", "100% with anchor full")
            _refuse(self.margin_share == 0, "margin", f"{self.margin_share:.0%}", "0% with anchor full")


@dataclass(frozen=True)
class Placement:
    """Where a drawing lies, in pixels of the picture."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Drawing:
    """An overlay that has passed every check: its tree, the proportion of its sides, and the families it uses."""

    overlay: Overlay
    root: Node
    ratio: float
    families: frozenset[str]


def read_drawing(overlay: Overlay, fonts: Fonts) -> Drawing:
    """The overlay checked; raises `OverlayRefused` and `FontMissing` with the file and the line."""
    root = parse_svg(overlay.svg, overlay.name)
    sheet = read_sheet(root, overlay.name)
    check_references(root, sheet, overlay.name)
    width, height = _sides(root, overlay.name)
    # Without a viewBox the drawing would be cut to the new size instead of being drawn larger.
    root.attributes.setdefault("viewBox", f"0 0 {width:.12g} {height:.12g}")
    return Drawing(overlay, root, width / height, check_fonts(root, sheet, fonts, overlay.name))


def place(drawing: Drawing, width: int, height: int) -> Placement:
    """Where the drawing lies on a picture of `width` x `height` pixels."""
    overlay = drawing.overlay
    if overlay.anchor == "full":
        return Placement(0, 0, width, height)
    margin = round(overlay.margin_share * min(width, height))
    free_width, free_height = max(1, width - 2 * margin), max(1, height - 2 * margin)
    exact = min(overlay.width_share * width, free_width, free_height * drawing.ratio)
    wide = min(free_width, max(1, round(exact)))
    high = min(free_height, max(1, round(exact / drawing.ratio)))
    columns = {"left": margin, "right": width - margin - wide}
    rows = {"top": margin, "bottom": height - margin - high}
    words = overlay.anchor.split("-")
    left = next((columns[word] for word in words if word in columns), (width - wide) // 2)
    top = next((rows[word] for word in words if word in rows), (height - high) // 2)
    return Placement(left, top, wide, high)


def strips_of(drawing: Drawing, at: Placement) -> int:
    """In how many strips the drawing is drawn there; 1 where it is drawn at once."""
    return -(-at.height // strip_rows(at.width, at.height, has_effects=has_effects(drawing.root)))


class Layers:
    """Overlays as they are drawn for one picture, laid over its rows as these come."""

    def __init__(self, layers: Sequence[tuple[Overlay, Placement, DrawnRaster]]) -> None:
        self._layers = layers

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Where each overlay lies, the lowest first."""
        return tuple(at for _, at, _ in self._layers)

    def lay(self, rows: Raster, top: int) -> None:
        """Lays the overlays over the picture's rows from `top` on, in place; each call goes on below the last."""
        for overlay, at, raster in self._layers:
            step = max(1, _BAND_PX // at.width)
            last = min(top + len(rows), at.top + at.height)
            for first in range(max(top, at.top), last, step):
                end = min(first + step, last)
                under = rows[first - top : end - top, at.left : at.left + at.width]
                source = raster.read_rows(first - at.top, end - at.top)
                blend_rows(under, source, opacity=overlay.opacity, mode=overlay.blend)


@contextmanager
def drawn_layers(
    overlays: Sequence[Overlay], fonts: Fonts, width: int, height: int, *, limits: DrawingLimits = USUAL_LIMITS
) -> Iterator[Layers]:
    """The overlays drawn for a picture of that size, the first lowest, while the context lasts.

    Raises `OverlayRefused` and `FontMissing` before anything is drawn, for every overlay.
    """
    drawings = [read_drawing(overlay, fonts) for overlay in overlays]
    with ExitStack() as stack:
        layers = []
        for drawing in drawings:
            at = place(drawing, width, height)
            used, name = Fonts(fonts.holding(drawing.families), fonts.folder), drawing.overlay.name
            context = drawn(drawing.root, at.width, at.height, fonts=used, file=name, limits=limits)
            layers.append((drawing.overlay, at, stack.enter_context(context)))
        yield Layers(layers)


def compose(
    pixels: Raster, overlays: Sequence[Overlay], fonts: Fonts, *, limits: DrawingLimits = USUAL_LIMITS
) -> Raster:
    """The picture with the overlays on it, the first lowest; H x W x 3|4 sRGB of 8 or 16 bits, the given one untouched.

    Raises `OverlayRefused` and `FontMissing` before anything is drawn, for every overlay.
    """
    height, width = pixels.shape[:2]
    with drawn_layers(overlays, fonts, width, height, limits=limits) as layers:
        composed = pixels.copy()
        layers.lay(composed, 0)
    return composed


def _sides(root: Node, file: str) -> tuple[float, float]:
    """Width and height of the viewBox, or those of the drawing where there is none."""
    box = root.attributes.get("viewBox")
    if box is not None:
        try:
            _, _, width, height = (float(part) for part in box.replace(",", " ").split())
        except ValueError as error:
            action = "Write four numbers: left top width height."
            raise refusal(file, root.line, f"its viewBox is {box!r}", action) from error
    else:
        width, height = (_length(root.attributes.get(side, "")) for side in ("width", "height"))
    if not (0 < width < 1e9 and 0 < height < 1e9 and 1 / _FLATTEST <= width / height <= _FLATTEST):
        reason = "it states no size" if box is None else f"its viewBox is {box!r}"
        raise refusal(file, root.line, reason, "Give the <svg> element a viewBox with a width and a height.")
    return width, height


def _length(text: str) -> float:
    match = _LENGTH.fullmatch(text)
    return float(match[1]) * _PX_OF[(match[2] or "").lower()] if match else 0.0


def _refuse(fine: object, field: str, found: object, allowed: str) -> None:
    if not fine:
        raise RecipeError(field=field, found=found, allowed=allowed)
