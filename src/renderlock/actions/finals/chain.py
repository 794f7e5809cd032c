"""The finishing links of a picture: what a step, its asset and the pipeline ask for after the render, in order.

Enlarged first, then matched in colour, overlaid, locked to its palette and written in its profile. Files are read once
a run, and only by pipelines that name them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from renderlock.actions.finals.links import Finish
from renderlock.actions.models import Models
from renderlock.spec.finishing import Finishing, OverlayChoice, PaletteChoice
from renderlock.spec.pipeline import Asset, Pipeline, Step
from renderlock.spec.recipe import Size
from renderlock.spec.roles import Role

if TYPE_CHECKING:
    from renderlock.actions.composing import ComposePlan
    from renderlock.actions.finals.composed import Reference

PROFILE_NAMES = frozenset({"srgb", "displayp3", "display-p3"})


@dataclass(frozen=True)
class Composition:
    """What is laid over a picture, from its asset or its step: the files' names, not their content."""

    overlays: tuple[OverlayChoice, ...]
    palette: PaletteChoice | None
    icc: str | None
    match: Path | None

    @classmethod
    def of(cls, step: Step, asset: Asset) -> Composition:
        """The step's, with the asset's own overlays and palette in their place where the final model renders."""
        finishing = step.finishing
        if step.role is not Role.FINAL:
            return cls(finishing.overlays, finishing.palette, finishing.icc, finishing.match)
        overlays = asset.overlays or finishing.overlays
        return cls(overlays, asset.palette or finishing.palette, finishing.icc, finishing.match)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be done."""
        return self == Composition((), None, None, None)


@dataclass
class ChainPlanner:
    """Plans the finishing links of one pipeline's pictures."""

    pipeline: Pipeline
    models: Models
    _plans: dict[Composition, ComposePlan] = field(default_factory=dict)
    _references: dict[Path, Reference] = field(default_factory=dict)

    def links(self, step: Step, asset: Asset, size: Size) -> Iterator[Finish]:
        """The links after a picture of that size.

        Raises `InputUnusable`, `OverlayRefused`, `FontMissing`, `UnknownName`, `MissingDependency` or `RecipeError`
        for what cannot be done.
        """
        composition = Composition.of(step, asset)
        if not composition.empty:
            yield self._compose(composition, size)

    def _compose(self, composition: Composition, size: Size) -> Finish:
        # Loaded here as drawing SVG takes a library that other pipelines do without.
        from renderlock.actions.finals.composed import Compose, Reference  # noqa: PLC0415

        if composition not in self._plans:
            self._plans[composition] = self._read(composition)
        reference = None
        if composition.match is not None:
            reference = self._references.setdefault(composition.match, Reference(composition.match))
        return Compose(self._plans[composition], size, reference)

    def _read(self, composition: Composition) -> ComposePlan:
        from renderlock.actions.composing_inputs import OverlayFile, read_plan  # noqa: PLC0415  # as above

        overlays = [
            OverlayFile(one.file, one.anchor, one.width, one.margin, one.opacity, one.blend)
            for one in composition.overlays
        ]
        palette = composition.palette
        return read_plan(
            overlays,
            fonts=[self.pipeline.fonts] if self.pipeline.fonts else [],
            palette=None if palette is None else palette.file,
            dither="none" if palette is None else palette.dither,
            icc=self._profile(composition.icc),
        )

    def _profile(self, icc: str | None) -> str:
        """The profile's name or, where it is a file, its path beside the pipeline."""
        if icc is None or icc.lower() in PROFILE_NAMES:
            return icc or "sRGB"
        return str(self.pipeline.path.parent / icc)


def finishes(finishing: Finishing, asset: Asset) -> bool:
    """Whether anything at all comes after the render: a quick look, for the many pictures that are just rendered."""
    asked = finishing.upscale, finishing.overlays, finishing.palette, finishing.icc, finishing.match
    return any(asked) or bool(asset.overlays or asset.palette)
