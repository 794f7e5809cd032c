"""The plan of a composition from the files and words a person gives: overlays, fonts, palette, profile.

Everything is read and checked here, before a picture is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderlock.actions.composing import ComposePlan
from renderlock.errors import InputUnusable
from renderlock.imaging.colour import SRGB, open_profile
from renderlock.imaging.overlay import Anchor, Overlay, read_drawing
from renderlock.imaging.overlay_blend import BlendMode
from renderlock.imaging.overlay_fonts import Fonts, read_fonts
from renderlock.imaging.overlay_nodes import LARGEST_SVG_BYTES
from renderlock.imaging.palette import Dither
from renderlock.imaging.palette_files import read_palette


@dataclass(frozen=True)
class OverlayFile:
    """An SVG file and how it is to lie on a picture, in the words of pipeline.yml."""

    path: Path
    anchor: Anchor = "full"
    width: float = 1.0
    margin: float = 0.0
    opacity: float = 1.0
    blend: BlendMode = "normal"

    def read(self) -> Overlay:
        """The overlay with the file's bytes; raises `InputUnusable` where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                svg = file.read(LARGEST_SVG_BYTES + 1)
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputUnusable(path=self.path, reason=reason, action="Name an SVG file.") from error
        return Overlay(
            svg=svg,
            anchor=self.anchor,
            width_share=self.width,
            margin_share=self.margin,
            opacity=self.opacity,
            blend=self.blend,
            name=str(self.path),
        )


def read_plan(
    overlays: Sequence[OverlayFile],
    *,
    fonts: Sequence[Path] = (),
    palette: Path | None = None,
    dither: Dither = "none",
    icc: str = SRGB.name,
) -> ComposePlan:
    """The plan; raises `InputUnusable`, `OverlayRefused`, `FontMissing` and `RecipeError` for what cannot be done."""
    plan = ComposePlan(
        overlays=tuple(overlay.read() for overlay in overlays),
        fonts=read_fonts(fonts) if fonts else Fonts(),
        palette=None if palette is None else read_palette(palette),
        dither=dither,
        icc=open_profile(icc),
    )
    for overlay in plan.overlays:
        read_drawing(overlay, plan.fonts)
    return plan
