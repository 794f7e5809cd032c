"""The files of a composition in the store, and the plan read back from them, so that it can be made again.

Overlays, the fonts they use, the palette's colours and the profile are kept under the very hashes that the recipe's
model is made of; what a picture was matched to is kept as numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from renderlock.actions.composing import ComposePlan
from renderlock.errors import NotReplayable
from renderlock.imaging.colour import SRGB, Profile
from renderlock.imaging.colour_match import (
    ColourStatistics,
    Correction,
    MatchMethod,
    solve_correction,
)
from renderlock.imaging.overlay import Anchor, Overlay, read_drawing
from renderlock.imaging.overlay_blend import BlendMode
from renderlock.imaging.overlay_fonts import Fonts, font_of
from renderlock.imaging.palette import Dither, Palette
from renderlock.spec.canonical import canonical_json
from renderlock.spec.recipe import Recipe
from renderlock.store.records import Encoded, RenderRecord
from renderlock.store.store import Store

MATCH = "match"
"""The file that holds the statistics a picture was brought to."""

_Controls = Mapping[str, str | int | float | bool]


def files_of(plan: ComposePlan, match: ColourStatistics | None = None) -> tuple[tuple[str, Encoded], ...]:
    """Every file that a plan's picture follows from, by its part in it; raises as `read_drawing` does."""
    drawings = [read_drawing(overlay, plan.fonts) for overlay in plan.overlays]
    families = {family for drawing in drawings for family in drawing.families}
    files = {
        f"overlay/{index}": Encoded(overlay.svg, "image/svg+xml") for index, overlay in enumerate(plan.overlays, 1)
    }
    files |= {f"font/{font.sha256}": Encoded(font.data, "font/sfnt") for font in plan.fonts.holding(families)}
    if plan.palette is not None:
        files["palette"] = Encoded(plan.palette.rgb.tobytes(), "application/octet-stream")
    if plan.icc != SRGB:
        files["icc"] = Encoded(plan.icc.data, "application/vnd.iccprofile")
    if match is not None:
        files[MATCH] = Encoded(_written(match), "application/json")
    return tuple(files.items())


def plan_from(store: Store, record: RenderRecord, recipe: Recipe) -> ComposePlan:
    """The plan of a composed render, from its recipe and its files, but for a correction towards another picture.

    Raises `NotReplayable` where the store does not keep what it needs, `StoreDamaged`.
    """
    files = {file.name: store.blob(file.blob, file.media_type) for file in record.files}
    controls: _Controls = dict(recipe.extras)
    try:
        return _plan(files, controls)
    except KeyError as error:
        reason = f"the store does not keep its {str(error.args[0]).replace('/', ' ')}: an earlier renderlock made it"
        action = "Compose its source again with the same files: `renderlock show` names the source."
        raise NotReplayable(address=record.address, reason=reason, action=action) from error


def correction_towards(store: Store, record: RenderRecord, own: ColourStatistics) -> Correction | None:
    """The correction that brought a picture with its `own` statistics to another's; None where none did."""
    file = next((file for file in record.files if file.name == MATCH), None)
    assert record.recipe is not None
    method = dict(record.recipe.extras).get("match.method")
    if method is None:
        return None
    if file is None:
        reason = "the store does not keep what it was matched to: an earlier renderlock made it"
        raise NotReplayable(address=record.address, reason=reason, action="Run the pipeline again.")
    target = _read(store.blob(file.blob, file.media_type))
    return solve_correction(own, target, method=cast("MatchMethod", method))


def _plan(files: Mapping[str, bytes], controls: _Controls) -> ComposePlan:
    count = sum(name.endswith(".anchor") for name in controls)
    plan = ComposePlan(
        overlays=tuple(_overlay(files[f"overlay/{index}"], controls, index) for index in range(1, count + 1)),
        fonts=Fonts(tuple(font_of(name, data) for name, data in files.items() if name.startswith("font/"))),
        icc=SRGB if controls["icc"] == SRGB.name else Profile(str(controls["icc"]), files["icc"]),
        correction=_correction(controls),
        most_bits=int(controls.get("bits", 8)),
    )
    if "palette.colours" not in controls:
        return plan
    colours = np.frombuffer(files["palette"], np.uint8).reshape(-1, 3).tolist()
    palette = Palette(tuple((red, green, blue) for red, green, blue in colours))
    return replace(plan, palette=palette, dither=cast("Dither", controls["palette.dither"]))


def _overlay(svg: bytes, controls: _Controls, index: int) -> Overlay:
    said = {name: controls[f"overlay.{index}.{name}"] for name in ("anchor", "width", "margin", "opacity", "blend")}
    return Overlay(
        svg=svg,
        anchor=cast("Anchor", said["anchor"]),
        width_share=float(said["width"]),
        margin_share=float(said["margin"]),
        opacity=float(said["opacity"]),
        blend=cast("BlendMode", said["blend"]),
        name=f"overlay/{index}",
    )


def _correction(controls: _Controls) -> Correction | None:
    if "correction.method" not in controls:
        return None
    return Correction(
        method=cast("MatchMethod", controls["correction.method"]),
        matrix=tuple(float(controls[f"correction.matrix.{index}"]) for index in range(9)),
        offset=tuple(float(controls[f"correction.offset.{index}"]) for index in range(3)),
    )


def _written(statistics: ColourStatistics) -> bytes:
    """Canonical JSON, whose numbers read back as they were."""
    return canonical_json({"mean": statistics.mean.tolist(), "covariance": statistics.covariance.tolist()})


def _read(data: bytes) -> ColourStatistics:
    fields = json.loads(data)
    return ColourStatistics(np.array(fields["mean"]), np.array(fields["covariance"]))
