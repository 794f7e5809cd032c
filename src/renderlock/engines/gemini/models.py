"""Google's Gemini image models ("Nano Banana"), as data: what each takes, and until when.

Which models draw is listed here by id: no part of a name tells it (`gemini-nano-banana-2.1` has no "image" in it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from renderlock.engines.capabilities import Capabilities, Lifecycle, LifecycleState, SeedGrade, SizeRule
from renderlock.engines.hosted.google import VERTEX, on_gemini, on_vertex
from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.reference import join_options, split_options, unknown_model
from renderlock.spec.recipe import Size

ENGINE = "gemini"
LARGEST_SEED = 2_147_483_647

ON_GEMINI = on_gemini(ENGINE, "the Gemini API")
ON_VERTEX = on_vertex(ENGINE, "Gemini on Vertex AI")

_RATIOS_2_5 = {
    "1:1": Size(1024, 1024),
    "2:3": Size(832, 1248),
    "3:2": Size(1248, 832),
    "3:4": Size(864, 1184),
    "4:3": Size(1184, 864),
    "4:5": Size(896, 1152),
    "5:4": Size(1152, 896),
    "9:16": Size(768, 1344),
    "16:9": Size(1344, 768),
    "21:9": Size(1536, 672),
}
_RATIOS_3 = {
    "1:1": Size(1024, 1024),
    "2:3": Size(848, 1264),
    "3:2": Size(1264, 848),
    "3:4": Size(896, 1200),
    "4:3": Size(1200, 896),
    "4:5": Size(928, 1152),
    "5:4": Size(1152, 928),
    "9:16": Size(768, 1376),
    "16:9": Size(1376, 768),
    "21:9": Size(1584, 672),
}
_LONG_RATIOS = {
    "1:4": Size(512, 2048),
    "4:1": Size(2048, 512),
    "1:8": Size(384, 3072),
    "8:1": Size(3072, 384),
}
_TIER_FACTORS = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}


@dataclass(frozen=True)
class GeminiFacts:
    """One model: pixels by aspect ratio at 1K, `imageSize` values ("" where it takes none), thinking levels, life."""

    ratios: Mapping[str, Size]
    tiers: tuple[str, ...]
    thinking: tuple[str, ...] = ()
    lifecycle: Lifecycle = Lifecycle()  # noqa: RUF009  a frozen value

    @property
    def sizes(self) -> dict[Size, tuple[str, str]]:
        """Aspect ratio and `imageSize` by pixels."""
        found = {}
        for tier in self.tiers or ("",):
            factor = _TIER_FACTORS.get(tier, 1.0)
            for ratio, size in self.ratios.items():
                found[Size(round(size.width * factor), round(size.height * factor))] = (ratio, tier)
        return found


_STOP_UNSURE = Lifecycle(LifecycleState.UNCERTAIN, date(2026, 10, 2), ("nano-banana-2", "nano-banana-2.1"))
_WIDE = _RATIOS_3 | _LONG_RATIOS

MODELS: Mapping[str, GeminiFacts] = MappingProxyType(
    {
        "gemini-2.5-flash-image": GeminiFacts(_RATIOS_2_5, (), lifecycle=_STOP_UNSURE),
        "gemini-3-pro-image": GeminiFacts(_RATIOS_3, ("1K", "2K", "4K")),
        "gemini-3.1-flash-image": GeminiFacts(_WIDE, ("512", "1K", "2K", "4K"), ("minimal", "high")),
        "gemini-3.1-flash-lite-image": GeminiFacts(_WIDE, ("1K",), ("minimal", "high")),
        "gemini-nano-banana-2.1": GeminiFacts(_WIDE, ("1K", "2K", "4K"), ("minimal", "medium", "high")),
    }
)


@dataclass(frozen=True)
class GeminiModel:
    """A model as it was asked for; `id` is the provider's name of it."""

    id: str
    on_vertex: bool
    thinking: str
    sizes: Mapping[Size, tuple[str, str]]
    hosted: HostedModel


def find_model(text: str) -> GeminiModel:
    """The model of a reference's model part (`gemini-3.1-flash-image?thinking=high`); raises `UnknownName`."""
    name = text.partition("?")[0] or "gemini-3.1-flash-image"
    on_vertex, model_id = name.startswith(VERTEX), name.removeprefix(VERTEX)
    if model_id not in MODELS:
        raise unknown_model(ENGINE, name, (*MODELS, *(f"{VERTEX}{known}" for known in MODELS)))
    facts = MODELS[model_id]
    _, options = split_options(text, {"thinking": facts.thinking} if facts.thinking else {}, engine=ENGINE)
    sizes = facts.sizes
    sides = [side for size in sizes for side in (size.width, size.height)]
    most = max(size.width * size.height for size in sizes)
    capabilities = Capabilities(
        sizes=SizeRule(Size(1024, 1024), 1, min(sides), max(sides), most, tuple(sizes)),
        seed=SeedGrade.BEST_EFFORT,
        steps=None,
        guidance_scale=None,
        negative_prompt=False,
        img2img=True,
        strength=False,
        parallel=True,
        hosted=True,
        largest_seed=LARGEST_SEED,
        formats=("image/png", "image/jpeg"),
        watermark=True,
        lifecycle=facts.lifecycle,
    )
    surface = "gemini-generate-content-vertex-1" if on_vertex else "gemini-generate-content-1"
    provider = ON_VERTEX if on_vertex else ON_GEMINI
    hosted = HostedModel(ENGINE, join_options(name, options), surface, provider, capabilities)
    return GeminiModel(model_id, on_vertex, options.get("thinking", ""), sizes, hosted)
