"""The finishing links of a picture: what a step, its asset and the pipeline ask for after the render, in order.

Enlarged first, then matched in colour, overlaid, locked to its palette and written in its profile. Files are read once
a run, and only by pipelines that name them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from renderlock.actions.finals.limits import numbers_of
from renderlock.actions.finals.links import Finish
from renderlock.actions.models import Models
from renderlock.actions.upscale_target import target_of
from renderlock.errors import RecipeError
from renderlock.spec.finishing import Finishing, OverlayChoice, PaletteChoice
from renderlock.spec.pipeline import Asset, Pipeline, Step, finishing_for
from renderlock.spec.recipe import Size
from renderlock.spec.roles import Role
from renderlock.spec.upscaler_steps import target_of_step

if TYPE_CHECKING:
    from renderlock.actions.composing import ComposePlan
    from renderlock.actions.finals.composed import Reference
    from renderlock.actions.upscale_engines import Upscalers
    from renderlock.actions.upscaling import Ways

INTERPOLATION = "lanczos"
"""The upscaler where a pipeline names none: it invents nothing."""

UPSCALER_GATE = "upscaler"
"""The gate of enlarged pictures, as a pipeline names it."""

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
        finishing = finishing_for(asset, step)
        return cls(finishing.overlays, finishing.palette, finishing.icc, finishing.match)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be done."""
        return self == Composition((), None, None, None)


@dataclass
class ChainPlanner:
    """Plans the finishing links of one pipeline's pictures; in a rehearsal plain interpolation enlarges them."""

    pipeline: Pipeline
    models: Models
    rehearse: bool = False
    _plans: dict[Composition, ComposePlan] = field(default_factory=dict)
    _references: dict[Path, Reference] = field(default_factory=dict)
    _opened: dict[str, Ways] = field(default_factory=dict)
    _upscalers: Upscalers | None = None

    def links(self, step: Step, asset: Asset, size: Size) -> Iterator[Finish]:
        """The links after a picture of that size; the first of a step of the upscaler role enlarges it.

        Raises `InputUnusable`, `OverlayRefused`, `FontMissing`, `UnknownName`, `MissingDependency`, and
        `ConfigurationError` or `RecipeError` for what cannot be done.
        """
        _, asked = target_of_step(step)
        if asked is not None:
            self.open_upscaler(asset)
            size, source = self._enlarged_size(step, size), size
            yield self.enlarge(asset, source, size)
        composition = Composition.of(step, asset)
        if not composition.empty:
            yield self._compose_for(step, composition, size)

    def enlarge(self, asset: Asset, source: Size, target: Size) -> Finish:
        """The link that enlarges pictures of an asset, with the upscaler of its class."""
        # Loaded here as upscalers bring libraries that other pipelines do without.
        from renderlock.actions.finals.enlarged import Enlarge  # noqa: PLC0415

        reference = self.upscaler_of(asset)
        return Enlarge(reference, source, target, partial(self._ways, reference))

    def _enlarged_size(self, step: Step, source: Size) -> Size:
        """The size a step enlarges a picture to; raises `ConfigurationError` at the key that says it."""
        key, asked = target_of_step(step)
        assert asked is not None
        if self.rehearse and isinstance(asked, Size) and enlarges_by_cutting(source, asked):
            return asked  # The stand-in drew the nearest size, which may be of another shape.
        try:
            return target_of(asked, source)
        except RecipeError as error:
            problem = step.problem(key, str(error.facts["found"]), str(error.facts["allowed"]))
            raise problem or error from None

    def open_upscaler(self, asset: Asset) -> None:
        """Opens the upscaler of an asset, so that what cannot be opened is told before anything is rendered."""
        self._ways(self.upscaler_of(asset))

    def upscaler_of(self, asset: Asset) -> str:
        """The upscaler of the first of the asset's tags that has one, or the pipeline's; else plain interpolation."""
        if self.rehearse:
            return INTERPOLATION
        tag = self.pipeline.upscaler_tag(asset)
        return self.pipeline.upscalers[tag] if tag else self.pipeline.models.get(Role.UPSCALER, INTERPOLATION)

    def close(self) -> None:
        """Lets go of the weights of upscalers."""
        if self._upscalers is not None:
            self._upscalers.close()

    def _ways(self, reference: str) -> Ways:
        from renderlock.actions.upscale_engines import Upscalers, upscaler_options  # noqa: PLC0415  # as above
        from renderlock.actions.upscale_gate import open_gate  # noqa: PLC0415  # as above
        from renderlock.actions.upscaling import Ways, open_gentler  # noqa: PLC0415  # as above

        if self._upscalers is None:
            self._upscalers = Upscalers(upscaler_options(self.models.options), self.models.engine)
        if reference not in self._opened:
            limits = numbers_of(self.pipeline.gates.get(UPSCALER_GATE, {}))
            upscaler = self._upscalers.open(reference)
            self._opened[reference] = Ways(upscaler, open_gentler(self._upscalers, upscaler), open_gate(limits))
        return self._opened[reference]

    def _compose_for(self, step: Step, composition: Composition, size: Size) -> Finish:
        try:
            return self._compose(composition, size)
        except RecipeError as error:
            key, found, allowed = (str(error.facts[name]) for name in ("field", "found", "allowed"))
            raise step.problem(key, found, allowed) or error from None

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


def enlarges_by_cutting(source: Size, target: Size) -> bool:
    """Whether a picture covers the target once it is enlarged, both sides being at least as long as its own."""
    return target.width >= source.width and target.height >= source.height


def finishes(finishing: Finishing, asset: Asset) -> bool:
    """Whether anything at all comes after the render: a quick look, for the many pictures that are just rendered."""
    asked = finishing.upscale, finishing.overlays, finishing.palette, finishing.icc, finishing.match
    return any(asked) or bool(asset.overlays or asset.palette)
