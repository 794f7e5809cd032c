"""What Draw Things writes: one JSON object in the XMP property `exif:UserComment`."""

from __future__ import annotations

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.json_text import extras_of, number_of, parse_map, size_of, text_of, whole_of
from renderlock.imaging.foreign_metadata.samplers import canonical_sampler

_FIELDS = frozenset({"c", "uc", "seed", "steps", "scale", "sampler", "size", "model", "strength"})


def read_draw_things(found: PictureTexts) -> ForeignMetadata | None:
    """What Draw Things wrote; None where the program that made the picture is another."""
    text = found.texts.get("UserComment", "")
    fields = parse_map(text) if found.texts.get("CreatorTool") == "Draw Things" else None
    if fields is None:
        return None
    sampler = text_of(fields.get("sampler"))
    name, schedule = canonical_sampler(sampler)
    width, _, height = (text_of(fields.get("size")) or "").partition("x")
    return ForeignMetadata(
        tool="draw-things",
        prompt=text_of(fields.get("c")),
        negative_prompt=text_of(fields.get("uc")),
        seed=whole_of(fields.get("seed")),
        steps=whole_of(fields.get("steps")),
        guidance_scale=number_of(fields.get("scale")),
        sampler=sampler,
        sampler_name=name,
        schedule=schedule,
        size=size_of(width, height),
        model=text_of(fields.get("model")),
        denoising_strength=number_of(fields.get("strength")),
        raw=text,
        extras=extras_of(fields, _FIELDS),
    )
