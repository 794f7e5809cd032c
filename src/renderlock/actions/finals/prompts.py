"""What a tile is asked for: never the picture's subject, or each tile would paint it again.

A tile starts from its part of the base, which says what is there; the words only say how it should look. A model that
runs here takes no words at all and no guidance. A hosted model needs some, and gets the style of the prompt without
its objects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from renderlock.engines.capabilities import Capabilities

NO_GUIDANCE = 1.0
"""At this scale a model is not guided (Ho and Salimans 2022, arXiv 2207.12598, eq. 6)."""

NEUTRAL = "the same picture, sharper, with clean edges and fine detail, nothing added"
"""Begins every prompt of a tile where a model needs one."""

_STYLE_TEXT = """
    3d 35mm abstract acrylic ambient analog anime aquarelle backlight backlit black blur bokeh bright cartoon charcoal
    cinematic clean clear color colored colorful colour colourful comic contrast cool crisp dark depth detail detailed
    digital engraving etching exposure field film fine flat focus foggy glossy golden gouache gradient grain grainy
    hand-drawn hard hdr high hour illustration ink isometric light lighting lit low low-poly luminous macro matte
    minimal minimalist misty monochrome moody muted natural noir oil painted painting pastel photo photographic
    photography photorealistic pixel poly realistic render rendered retro rim risograph saturated sepia shading sharp
    sketch smooth soft softbox stipple studio style technicolor tempera texture textured tone tones vector vibrant
    vintage vivid warm watercolor watercolour white woodcut
"""

STYLE_WORDS = frozenset(_STYLE_TEXT.split())
"""Words that say how a picture looks and not what is in it."""

_LINKING = frozenset({"a", "an", "and", "in", "of", "on", "the", "very", "with"})


@dataclass(frozen=True)
class TilePrompt:
    """What a tile is asked for; `guidance_scale` is None where the model has no such control."""

    prompt: str
    guidance_scale: float | None


def tile_prompt(prompt: str, guidance_scale: float | None, facts: Capabilities) -> TilePrompt:
    """The prompt and guidance of every tile of a picture that was asked for with `prompt`.

    No words and no guidance where the model renders here and its guidance can be switched off; else the words of
    style, at the picture's own guidance.
    """
    rule = facts.guidance_scale
    if facts.hosted or (rule is not None and rule.lowest > NO_GUIDANCE):
        return TilePrompt(neutral_prompt(prompt), guidance_scale)
    return TilePrompt("", None if rule is None else NO_GUIDANCE)


def neutral_prompt(prompt: str) -> str:
    """`NEUTRAL` and the parts of the prompt, between commas, that only say how it looks.

    "hero shot, studio lighting" gives `…, studio lighting`: nothing that could be painted is left.
    """
    parts = (part.strip() for part in re.split(r"[,;.\n]", prompt.lower()))
    return ", ".join([NEUTRAL, *(part for part in parts if _is_style(part))])


def _is_style(part: str) -> bool:
    words = [word for word in re.findall(r"[a-z0-9-]+", part) if word not in _LINKING]
    return bool(words) and all(word in STYLE_WORDS for word in words)
