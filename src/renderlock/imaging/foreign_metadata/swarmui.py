"""What SwarmUI writes: one JSON object with `sui_image_params`, in `parameters` or `UserComment`.

Numbers may be written as text, and no field is promised (SwarmUI, docs/Image Metadata Format).
"""

from __future__ import annotations

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.json_text import (
    JsonMap,
    extras_of,
    map_at,
    maps_at,
    number_of,
    parse_map,
    size_of,
    text_of,
    whole_of,
)
from renderlock.imaging.foreign_metadata.samplers import canonical_sampler, canonical_schedule

_FIELDS = frozenset(
    (
        "prompt",
        "negativeprompt",
        "seed",
        "steps",
        "cfgscale",
        "sampler",
        "scheduler",
        "width",
        "height",
        "model",
        "swarm_version",
    )
)


def read_swarmui(found: PictureTexts) -> ForeignMetadata | None:
    """What SwarmUI wrote; None where there is no `sui_image_params`."""
    text = found.parameters()
    fields = parse_map(text) if "sui_image_params" in text else None
    params = map_at(fields, "sui_image_params") if fields else {}
    if fields is None or not params:
        return None
    sampler = text_of(params.get("sampler"))
    schedule = canonical_schedule(text_of(params.get("scheduler")))
    name, own_schedule = canonical_sampler(sampler)
    return ForeignMetadata(
        tool="swarmui",
        prompt=text_of(params.get("prompt")),
        negative_prompt=text_of(params.get("negativeprompt")),
        seed=whole_of(params.get("seed")),
        steps=whole_of(params.get("steps")),
        guidance_scale=number_of(params.get("cfgscale")),
        sampler=sampler,
        sampler_name=name,
        schedule=schedule or own_schedule,
        size=size_of(params.get("width"), params.get("height")),
        model=text_of(params.get("model")),
        model_hash=_model_hash(fields),
        denoising_strength=number_of(params.get("initimagecreativity")),
        version=text_of(params.get("swarm_version")),
        raw=text,
        extras=(*extras_of(params, _FIELDS), *extras_of(map_at(fields, "sui_extra_data"), frozenset())),
    )


def _model_hash(fields: JsonMap) -> str | None:
    """The hash of the main model in `sui_models`, which lists each model with the parameter it fills."""
    hashes = (text_of(entry.get("hash")) for entry in maps_at(fields, "sui_models") if entry.get("param") == "model")
    return next((value for value in hashes if value), None)
