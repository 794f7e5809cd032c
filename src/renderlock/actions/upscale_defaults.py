"""The upscaler and the gate's limits where a command names none: those of the pipeline that it works in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from renderlock.actions.finals.limits import numbers_of
from renderlock.actions.workspace import Place
from renderlock.errors import RecipeError
from renderlock.metrics.fidelity.verdict import GATE
from renderlock.spec.pipeline import Pipeline
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.roles import Role
from renderlock.store.records import RenderRecord

WITHOUT_PIPELINE = "waifu2x"
"""The upscaler where neither a person nor a pipeline names one: small, and close to the source."""


@dataclass(frozen=True)
class Chosen:
    """An upscaler's reference and the gate's own limits; `says` tells where each was taken from, for people."""

    reference: str
    reference_from: str
    limits: Mapping[str, float]
    limits_from: str

    @property
    def says(self) -> str:
        """Both in one line."""
        return f"upscaler {self.reference} ({self.reference_from}), gate limits: {self.limits_from}"


def choose(
    place: Place, *, reference: str | None, limits: Mapping[str, float], record: RenderRecord | None = None
) -> Chosen:
    """What was asked for; else what the place's pipeline says, for the render's asset by its tags; else what ships.

    Raises `ConfigurationError` for a pipeline with problems.
    """
    pipeline = load_pipeline(place.file) if place.file.is_file() else None
    name = place.file.name
    own = limits_of(pipeline)
    sources = [*([name] if own else []), *(["--limit"] if limits else [])]
    found = _reference_in(pipeline, record) if pipeline else None
    if reference is not None:
        picked = reference, "--upscaler"
    elif found is not None:
        picked = found[0], f"{found[1]} in {name}"
    else:
        picked = WITHOUT_PIPELINE, "the default"
    return Chosen(*picked, {**own, **limits}, " and ".join(sources) or "those that ship")


def limits_of(pipeline: Pipeline | None) -> dict[str, float]:
    """The pipeline's own limits for the upscaler gate."""
    return {} if pipeline is None else numbers_of(pipeline.gates.get(GATE, {}))


def named_in(pipeline: Pipeline) -> tuple[str, ...]:
    """Every upscaler that the pipeline names, the one for all pictures first."""
    default = pipeline.models.get(Role.UPSCALER)
    return tuple(dict.fromkeys([*([default] if default else []), *pipeline.upscalers.values()]))


def parse_limits(texts: list[str]) -> dict[str, float]:
    """Limits as `NAME=NUMBER`; raises `RecipeError` for any other text."""
    limits = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            limits[name.strip()] = float(number)
        except ValueError as error:
            raise RecipeError(field="limit", found=repr(text), allowed="NAME=NUMBER, as detail=2.5") from error
    return limits


def _reference_in(pipeline: Pipeline, record: RenderRecord | None) -> tuple[str, str] | None:
    """The pipeline's upscaler and its key: of the render's asset, where it is one of the pipeline's, or of all."""
    assets = {} if record is None else {asset.name: asset for asset in pipeline.assets}
    asset = assets.get(record.origin.asset or "") if record is not None else None
    tag = pipeline.upscaler_tag(asset) if asset is not None else None
    if tag:
        return pipeline.upscalers[tag], f"`upscalers: {tag}`"
    default = pipeline.models.get(Role.UPSCALER)
    return None if default is None else (default, "`upscaler`")
