"""Composing: what is laid over a finished picture, which colours it may have, and which profile it is written in.

A composed picture is a render of its own: its recipe names the source by its pixels and every file used by its
SHA-256, so that the same composition is made once. Nothing here changes the source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from renderlock.errors import RecipeError
from renderlock.imaging.colour import SRGB, Profile, encode_in
from renderlock.imaging.colour_match import Correction, apply_correction
from renderlock.imaging.overlay import Drawing, Overlay, Placement, compose, place, read_drawing
from renderlock.imaging.overlay_fonts import Fonts
from renderlock.imaging.palette import Dither, Palette
from renderlock.imaging.palette_lock import PaletteReport, lock_to_palette, report_palette
from renderlock.imaging.palette_png import encode_indexed
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.store.records import Encoded

ENGINE = "compose"
SURFACE = "compose-1"
"""Rises when the same files would give other pixels."""


@dataclass(frozen=True)
class ComposePlan:
    """Everything that is done to a picture, as values, in this order: correction, overlays, palette, profile."""

    overlays: tuple[Overlay, ...] = ()
    fonts: Fonts = field(default_factory=Fonts)
    palette: Palette | None = None
    dither: Dither = "none"
    icc: Profile = SRGB
    correction: Correction | None = None

    def __post_init__(self) -> None:
        if self.palette is not None and self.icc != SRGB:
            raise RecipeError(field="icc", found=self.icc.name, allowed="sRGB with a palette, whose colours are sRGB")


@dataclass(frozen=True)
class Composed:
    """A composed picture: its sRGB pixels, its file where the pixels alone do not say all, and what was measured.

    `encoded` is a PNG where a palette or another profile than sRGB was asked for, else None: then any PNG of the
    pixels is the picture. `placements` are in the order of the overlays.
    """

    pixels: Pixels
    encoded: Encoded | None
    placements: tuple[Placement, ...]
    palette: PaletteReport | None


def compose_recipe(source_pixels: str, size: Size, plan: ComposePlan) -> Recipe:
    """The recipe of a composition; `source_pixels` is the digest of the source's pixels, which have that size.

    Raises `OverlayRefused` and `FontMissing` for an overlay that cannot be drawn.
    """
    drawings = [read_drawing(overlay, plan.fonts) for overlay in plan.overlays]
    identity = ModelIdentity(ENGINE, "overlay", version("resvg-py"), SURFACE, tuple(_files(plan, drawings).items()))
    return Recipe(
        model=identity.key,
        prompt="",
        seed=0,
        size=size,
        init=Init(source_pixels, 1.0),
        extras=tuple(_controls(plan).items()),
    )


def compose_picture(pixels: Pixels, plan: ComposePlan, texts: Mapping[str, str] | None = None) -> Composed:
    """The composed picture of H x W x 3|4 8-bit sRGB pixels; `texts` go into the file where one is made.

    Raises `OverlayRefused` and `FontMissing` for an overlay that cannot be drawn.
    """
    height, width = pixels.shape[:2]
    placements = tuple(place(read_drawing(overlay, plan.fonts), width, height) for overlay in plan.overlays)
    corrected = pixels if plan.correction is None else apply_correction(pixels, plan.correction)
    laid = compose(corrected, plan.overlays, plan.fonts) if plan.overlays else corrected
    if plan.palette is not None:
        indexed = lock_to_palette(laid, plan.palette, dither=plan.dither)
        report = report_palette(laid, indexed)
        encoded = Encoded(encode_indexed(indexed, texts or {}), "image/png")
        return Composed(indexed.to_pixels(), encoded, placements, report)
    if plan.icc != SRGB:
        return Composed(laid, Encoded(encode_in(laid, plan.icc, texts or {}), "image/png"), placements, None)
    return Composed(laid, None, placements, None)


def pixels_digest(pixels: Pixels) -> str:
    """How `compose_recipe` names a source."""
    return digest_pixels(pixels)


def _files(plan: ComposePlan, drawings: list[Drawing]) -> dict[str, str]:
    """Every file that moves a pixel, by its part in the composition, so that its own name does not matter."""
    files = {f"overlay/{index}": _sha256(drawing.overlay.svg) for index, drawing in enumerate(drawings, start=1)}
    families = {family for drawing in drawings for family in drawing.families}
    files |= {f"font/{font.sha256}": font.sha256 for font in plan.fonts.holding(families)}
    if plan.palette is not None:
        files["palette"] = plan.palette.sha256
    if plan.icc != SRGB:
        files["icc"] = plan.icc.sha256
    return files


def _controls(plan: ComposePlan) -> dict[str, str | int | float | bool]:
    controls: dict[str, str | int | float | bool] = {"icc": plan.icc.name}
    for index, overlay in enumerate(plan.overlays, start=1):
        controls |= {
            f"overlay.{index}.anchor": overlay.anchor,
            f"overlay.{index}.width": overlay.width_share,
            f"overlay.{index}.margin": overlay.margin_share,
            f"overlay.{index}.opacity": overlay.opacity,
            f"overlay.{index}.blend": overlay.blend,
        }
    if plan.palette is not None:
        controls |= {"palette.colours": len(plan.palette.colours), "palette.dither": plan.dither}
    if plan.correction is not None:
        controls["correction.method"] = plan.correction.method
        controls["correction.space"] = "oklab"
        controls |= {f"correction.matrix.{index}": value for index, value in enumerate(plan.correction.matrix)}
        controls |= {f"correction.offset.{index}": value for index, value in enumerate(plan.correction.offset)}
    return controls


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
