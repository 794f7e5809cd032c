"""The pipeline: what a team wrote in pipeline.yml, as values with every default resolved.

`load_pipeline` in `pipeline_file` makes them from a file; what it gives is consistent: names exist and are
unique, steps form no cycle, every step names a role that has a model. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from renderlock.errors import ConfigurationError, Problem, RecipeError
from renderlock.spec.finishing import Finishing, OverlayChoice, PaletteChoice
from renderlock.spec.place import KeyPath, Place, dotted
from renderlock.spec.recipe import Size
from renderlock.spec.roles import Role

DeviationPolicy = Literal["refuse", "record"]
DeviationWord = Literal["refuse", "allow", "record"]
"""What a person may write for it; `allow` and `record` are the same: what is allowed is recorded."""


@dataclass(frozen=True)
class Asset:
    """One picture to deliver.

    `seeds` is never empty; `text` must be legible in the picture, each of `local_text` in that of its locale;
    `overlays` and `palette` take the place of the step's where the final model renders.
    """

    name: str
    prompt: str
    negative_prompt: str = ""
    seeds: tuple[int, ...] = (0,)
    init_image: Path | None = None
    text: tuple[str, ...] = ()
    local_text: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tags: tuple[str, ...] = ()
    overlays: tuple[OverlayChoice, ...] = ()
    palette: PaletteChoice | None = None
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Step:
    """One stage an asset passes; None means that the step leaves the choice to the model.

    `locale` is the one its overlays are in, "" where none differs by it. `needs` holds `init_from` too, which is also
    the step whose finished pictures one of the upscaler role enlarges. `variants` is the number of seeds from the
    asset's first on, None for all the asset's own. `path` leads to it in the file, `places` says where each key was
    written.
    """

    name: str
    role: Role
    model: str
    size: Size | None = None
    needs: tuple[str, ...] = ()
    variants: int | None = None
    guidance_scale: float | None = None
    steps: int | None = None
    sampler: str | None = None
    gate: Literal["approval"] | None = None
    init_from: str | None = None
    strength: float | None = None
    deviations: DeviationPolicy = "refuse"
    finishing: Finishing = field(default_factory=Finishing)
    locale: str = ""
    place: Place | None = field(default=None, compare=False)
    path: KeyPath = field(default=(), compare=False)
    places: Mapping[str, Place] = field(default_factory=dict, compare=False)

    def problem(self, key: str, found: str, allowed: str) -> ConfigurationError | None:
        """The error of a key whose value does not do, at its place; None for a step that no file holds."""
        place = self.places.get(key)
        if place is None:
            return None
        problem = Problem(place.file, place.line, place.column, dotted((*self.path, key)), found, allowed)
        return ConfigurationError(place.file, [problem])


@dataclass(frozen=True)
class Budget:
    """What may be spent: an amount above zero and an ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class NotBuiltYetKey:
    """A key this version reads and checks but cannot act on."""

    key: str
    place: Place

    def __str__(self) -> str:
        return f"{self.place}: {self.key}"


@dataclass(frozen=True)
class Pipeline:
    """One pipeline.yml. `steps` stands as written, `ordered_steps` so that each comes after what it needs.

    `seeds` are those of assets without their own; `store` and `fonts` are folders beside the file unless written
    absolute. `upscalers` holds the upscaler of assets with a tag, in place of the upscaler role's. `gate_places` says
    where each gate, and each limit of one, was written.
    """

    path: Path
    project: str
    models: Mapping[Role, str]
    assets: tuple[Asset, ...]
    steps: tuple[Step, ...]
    ordered_steps: tuple[Step, ...]
    store: Path
    seeds: tuple[int, ...] = (0,)
    deviations: DeviationPolicy = "refuse"
    gates: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    budget: Budget | None = None
    nightly_at: str | None = None
    fonts: Path | None = None
    upscalers: Mapping[str, str] = field(default_factory=dict)
    not_built_yet: tuple[NotBuiltYetKey, ...] = ()
    gate_places: Mapping[tuple[str, ...], Place] = field(default_factory=dict, compare=False)

    @property
    def file(self) -> str:
        """The file's name, as problems show it."""
        return str(self.path)

    def upscaler_tag(self, asset: Asset) -> str:
        """The first of an asset's tags that has an upscaler of its own; "" where none has."""
        return next((tag for tag in asset.tags if tag in self.upscalers), "")


def policy_of(word: DeviationWord) -> DeviationPolicy:
    """The policy a person's word stands for; raises `RecipeError` for any other word."""
    policies: Mapping[str, DeviationPolicy] = {"refuse": "refuse", "allow": "record", "record": "record"}
    if word not in policies:
        allowed = "`refuse` or `allow` (`record` is the same)"
        raise RecipeError(field="deviations", found=repr(word), allowed=allowed)
    return policies[word]


def seeds_for(asset: Asset, step: Step) -> tuple[int, ...]:
    """The seeds a step renders an asset with: the asset's own, or `variants` many from its first on."""
    if step.variants is None:
        return asset.seeds
    return tuple(range(asset.seeds[0], asset.seeds[0] + step.variants))


def finishing_for(asset: Asset, step: Step) -> Finishing:
    """What a step does to the picture of an asset; in finals, with the overlays and the palette of the asset."""
    finishing = step.finishing
    if step.role is not Role.FINAL:
        return finishing
    overlays = tuple(overlay.in_locale(step.locale) for overlay in asset.overlays)
    return replace(finishing, overlays=overlays or finishing.overlays, palette=asset.palette or finishing.palette)


def texts_for(asset: Asset, step: Step) -> tuple[str, ...]:
    """The texts that must be legible in a step's picture of an asset: those of its locale, where they differ by it."""
    return dict(asset.local_text).get(step.locale, ()) if asset.local_text else asset.text
