"""What Fooocus writes under its own scheme: one JSON object of parameters by their internal names.

Under its other scheme it writes A1111's text, which that reader takes.
"""

from __future__ import annotations

import re

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.json_text import extras_of, number_of, parse_map, size_of, text_of, whole_of
from renderlock.imaging.foreign_metadata.samplers import canonical_sampler, canonical_schedule

_FIELDS = frozenset(
    (
        "prompt",
        "negative_prompt",
        "seed",
        "steps",
        "guidance_scale",
        "sampler",
        "scheduler",
        "resolution",
        "base_model",
        "base_model_hash",
        "version",
    )
)
_RESOLUTION = re.compile(r"^\((\d{1,6}), (\d{1,6})\)$")


def read_fooocus(found: PictureTexts) -> ForeignMetadata | None:
    """What Fooocus wrote; None where the JSON is not Fooocus's."""
    text = found.parameters()
    fields = parse_map(text) if "base_model" in text else None
    if fields is None or not {"prompt", "base_model", "resolution"} <= fields.keys():
        return None
    sampler = text_of(fields.get("sampler"))
    resolution = _RESOLUTION.match(text_of(fields.get("resolution")) or "")
    return ForeignMetadata(
        tool="fooocus",
        prompt=text_of(fields.get("prompt")),
        negative_prompt=text_of(fields.get("negative_prompt")),
        seed=whole_of(fields.get("seed")),
        steps=whole_of(fields.get("steps")),
        guidance_scale=number_of(fields.get("guidance_scale")),
        sampler=sampler,
        sampler_name=canonical_sampler(sampler)[0],
        schedule=canonical_schedule(text_of(fields.get("scheduler"))),
        size=size_of(*resolution.groups()) if resolution else None,
        model=text_of(fields.get("base_model")),
        model_hash=text_of(fields.get("base_model_hash")),
        version=text_of(fields.get("version")),
        raw=text,
        extras=extras_of(fields, _FIELDS),
    )
