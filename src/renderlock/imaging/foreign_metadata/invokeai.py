"""What InvokeAI wrote over the years: `invokeai_metadata` (3.0 to 6), `sd-metadata` (2) and `Dream` (1 and 2)."""

from __future__ import annotations

import re

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
from renderlock.imaging.foreign_metadata.samplers import canonical_sampler

_FIELDS = frozenset(
    (
        "positive_prompt",
        "negative_prompt",
        "seed",
        "steps",
        "cfg_scale",
        "scheduler",
        "width",
        "height",
        "model",
        "strength",
        "app_version",
    )
)
_IMAGE_FIELDS = frozenset(
    (
        "prompt",
        "seed",
        "steps",
        "cfg_scale",
        "sampler",
        "width",
        "height",
        "strength",
    )
)
_SWITCHES = re.compile(r"\s-s\s*\d+\s+-S\s*-?\d+")
_SWITCH = re.compile(r"(?:^|\s)-([sSWHCAf])\s*(\S+)")
_NEGATIVE = re.compile(r"(?<!\\)\[([^\[\]]*)(?<!\\)\]")


def read_invokeai(found: PictureTexts) -> ForeignMetadata | None:
    """What InvokeAI wrote, from its newest format to its oldest; None where there is none of them."""
    for key, read in (("invokeai_metadata", _read_core), ("sd-metadata", _read_legacy), ("Dream", _read_dream)):
        text = found.texts.get(key)
        metadata = read(text) if text else None
        if metadata is not None:
            return metadata
    return None


def _read_core(text: str) -> ForeignMetadata | None:
    fields = parse_map(text)
    if fields is None:
        return None
    sampler = text_of(fields.get("scheduler"))
    name, schedule = canonical_sampler(sampler)
    model = map_at(fields, "model")
    guidance = number_of(fields.get("cfg_scale"))
    return ForeignMetadata(
        tool="invokeai",
        prompt=text_of(fields.get("positive_prompt")),
        negative_prompt=text_of(fields.get("negative_prompt")),
        seed=whole_of(fields.get("seed")),
        steps=whole_of(fields.get("steps")),
        # FLUX has no classifier-free guidance; its distilled guidance has a key of its own.
        guidance_scale=number_of(fields.get("guidance")) if guidance is None else guidance,
        sampler=sampler,
        sampler_name=name,
        schedule=schedule,
        size=size_of(fields.get("width"), fields.get("height")),
        model=text_of(model.get("name")) or text_of(model.get("model_name")),
        model_hash=text_of(model.get("hash")),
        denoising_strength=number_of(fields.get("strength")),
        version=text_of(fields.get("app_version")),
        raw=text,
        extras=extras_of(fields, _FIELDS),
    )


def _read_legacy(text: str) -> ForeignMetadata | None:
    fields = parse_map(text)
    image = map_at(fields, "image") if fields else {}
    if fields is None or not image:
        return None
    prompt, negative = _split_negative(_legacy_prompt(image))
    sampler = text_of(image.get("sampler"))
    name, schedule = canonical_sampler(sampler)
    return ForeignMetadata(
        tool="invokeai",
        prompt=prompt,
        negative_prompt=negative,
        seed=whole_of(image.get("seed")),
        steps=whole_of(image.get("steps")),
        guidance_scale=number_of(image.get("cfg_scale")),
        sampler=sampler,
        sampler_name=name,
        schedule=schedule,
        size=size_of(image.get("width"), image.get("height")),
        model=text_of(fields.get("model_weights")) or text_of(fields.get("model")),
        model_hash=text_of(fields.get("model_hash")),
        denoising_strength=number_of(image.get("strength")),
        version=text_of(fields.get("app_version")),
        raw=text,
        extras=extras_of(image, _IMAGE_FIELDS),
    )


def _legacy_prompt(image: JsonMap) -> str:
    """The prompt, which was a text or a list of weighted texts."""
    prompt = image.get("prompt")
    if isinstance(prompt, str):
        return prompt
    return " ".join(text_of(part.get("prompt")) or "" for part in maps_at(image, "prompt"))


def _read_dream(text: str) -> ForeignMetadata | None:
    """The command line that made the picture: `"a prompt" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms`."""
    starts = list(_SWITCHES.finditer(text))
    if not starts:
        return None
    written = text[: starts[-1].start()].strip()
    quoted = len(written) >= 2 and written[0] == written[-1] == '"'
    prompt, negative = _split_negative(written[1:-1] if quoted else written)
    switches = dict(_SWITCH.findall(text[starts[-1].start() :]))
    sampler = switches.get("A")
    name, schedule = canonical_sampler(sampler)
    return ForeignMetadata(
        tool="invokeai",
        prompt=prompt,
        negative_prompt=negative,
        seed=whole_of(switches.get("S")),
        steps=whole_of(switches.get("s")),
        guidance_scale=number_of(switches.get("C")),
        sampler=sampler,
        sampler_name=name,
        schedule=schedule,
        size=size_of(switches.get("W"), switches.get("H")),
        denoising_strength=number_of(switches.get("f")),
        raw=text,
    )


def _split_negative(written: str) -> tuple[str, str]:
    """Prompt and negative prompt: before version 3 the negative one stood in square brackets inside the other."""
    negative = ", ".join(part.strip() for part in _NEGATIVE.findall(written))
    return _NEGATIVE.sub("", written).strip(), negative
