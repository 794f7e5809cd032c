"""Composing: what is laid over a finished picture, which colours it may have, and which profile it is written in.

A composed picture is a render of its own: its recipe names the source by its pixels and every file used by its
SHA-256, so that the same composition is made once. Nothing here changes the source.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.metadata import version

from renderlock.errors import RecipeError
from renderlock.imaging.colour import SRGB, Profile
from renderlock.imaging.colour_match import Correction
from renderlock.imaging.overlay import Drawing, Overlay, place, read_drawing, strips_of
from renderlock.imaging.overlay_fonts import Fonts
from renderlock.imaging.palette import Dither, Palette
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Init, Recipe, Size

ENGINE = "compose"
SURFACE = "compose-1"
"""Rises when the same files would give other pixels."""


@dataclass(frozen=True)
class ComposePlan:
    """Everything that is done to a picture, as values, in this order: correction, overlays, palette, profile.

    A picture keeps its 16 bits a channel where `most_bits` lets it and no palette is asked for.
    """

    overlays: tuple[Overlay, ...] = ()
    fonts: Fonts = field(default_factory=Fonts)
    palette: Palette | None = None
    dither: Dither = "none"
    icc: Profile = SRGB
    correction: Correction | None = None
    most_bits: int = 16

    def __post_init__(self) -> None:
        if self.palette is not None and self.icc != SRGB:
            raise RecipeError(field="icc", found=self.icc.name, allowed="sRGB with a palette, whose colours are sRGB")

    def bits_of(self, source_bits: int) -> int:
        """How many bits a channel of the composed picture has: 8 or 16."""
        return 8 if self.palette is not None else min(source_bits, self.most_bits)


def compose_recipe(source_pixels: str, size: Size, plan: ComposePlan, *, source_bits: int = 8) -> Recipe:
    """The recipe of a composition; `source_pixels` is the digest of the source's pixels, which have that size.

    Raises `OverlayRefused` and `FontMissing` for an overlay that cannot be drawn.
    """
    drawings = [read_drawing(overlay, plan.fonts) for overlay in plan.overlays]
    identity = ModelIdentity(ENGINE, "overlay", version("resvg-py"), SURFACE, tuple(_files(plan, drawings).items()))
    controls = _controls(plan) | _strips(drawings, size)
    if plan.bits_of(source_bits) > 8:
        controls["bits"] = plan.bits_of(source_bits)
    return Recipe(
        model=identity.key,
        prompt="",
        seed=0,
        size=size,
        init=Init(source_pixels, 1.0),
        extras=tuple(controls.items()),
    )


def _strips(drawings: list[Drawing], size: Size) -> dict[str, str | int | float | bool]:
    """In how many strips large drawings are drawn, as that may move a pixel at an edge."""
    counts = [strips_of(drawing, place(drawing, size.width, size.height)) for drawing in drawings]
    return {f"overlay.{index}.strips": count for index, count in enumerate(counts, start=1) if count > 1}


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
