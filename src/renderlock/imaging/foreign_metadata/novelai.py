"""What NovelAI writes: PNG keys `Software`, `Description`, `Source` and, as JSON, `Comment`; the same in the pixels."""

from __future__ import annotations

import re

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.json_text import (
    JsonMap,
    compact,
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
        "uc",
        "seed",
        "steps",
        "scale",
        "sampler",
        "noise_schedule",
        "width",
        "height",
        "strength",
        "v4_prompt",
        "v4_negative_prompt",
    )
)
_MODEL_HASH = re.compile(r"^(.*\S)\s+([0-9A-Fa-f]{8})$", re.DOTALL)


def read_novelai(found: PictureTexts) -> ForeignMetadata | None:
    """What NovelAI wrote; None where the texts are not NovelAI's."""
    texts = dict(found.texts)
    # WebP files carry all keys as one JSON object.
    outer = parse_map(texts.get("UserComment", ""))
    if outer and "Comment" in outer:
        texts.update({key: compact(value) for key, value in outer.items()})
    comment = parse_map(texts.get("Comment", ""))
    if comment is None or not (texts.get("Software") == "NovelAI" or {"uc", "scale", "sampler"} <= comment.keys()):
        return None
    return _from_comment(comment, texts)


def _from_comment(comment: JsonMap, texts: dict[str, str]) -> ForeignMetadata:
    sampler = text_of(comment.get("sampler"))
    name, schedule = canonical_sampler(sampler)
    model, model_hash = _model(texts.get("Source"))
    return ForeignMetadata(
        tool="novelai",
        prompt=text_of(comment.get("prompt")) or _caption(comment, "v4_prompt") or texts.get("Description"),
        negative_prompt=text_of(comment.get("uc")) or _caption(comment, "v4_negative_prompt") or "",
        seed=whole_of(comment.get("seed")),
        steps=whole_of(comment.get("steps")),
        guidance_scale=number_of(comment.get("scale")),
        sampler=sampler,
        sampler_name=name,
        schedule=canonical_schedule(text_of(comment.get("noise_schedule"))) or schedule,
        size=size_of(comment.get("width"), comment.get("height")),
        model=model,
        model_hash=model_hash,
        denoising_strength=number_of(comment.get("strength")),
        raw=texts["Comment"],
        extras=(*_characters(comment), *extras_of(comment, _FIELDS)),
    )


def _caption(comment: JsonMap, key: str) -> str | None:
    return text_of(map_at(map_at(comment, key), "caption").get("base_caption"))


def _characters(comment: JsonMap) -> tuple[tuple[str, str], ...]:
    """The prompts of single characters, which version 4 keeps apart from the picture's."""
    pairs = []
    for key, label in (("v4_prompt", "character prompt"), ("v4_negative_prompt", "character negative prompt")):
        captions = maps_at(map_at(map_at(comment, key), "caption"), "char_captions")
        for number, caption in enumerate(captions, 1):
            pairs.append((f"{label} {number}", text_of(caption.get("char_caption")) or ""))
    return tuple(pair for pair in pairs if pair[1])


def _model(source: str | None) -> tuple[str | None, str | None]:
    """Name and hash: `Source` is "NovelAI Diffusion V4.5 4BDE2A90"."""
    parts = _MODEL_HASH.match(source or "")
    return (parts.group(1), parts.group(2)) if parts else (source, None)
