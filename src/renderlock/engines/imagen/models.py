"""The Imagen 4 models on the Gemini API and on Vertex AI, as data.

Both APIs name the same models and take different fields: only Vertex AI takes a seed (without watermark and without an
enhanced prompt) and a negative prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from renderlock.engines.capabilities import (
    Capabilities,
    GuidanceRange,
    Lifecycle,
    LifecycleState,
    SeedGrade,
    SizeRule,
)
from renderlock.engines.hosted.google import VERTEX, on_gemini, on_vertex
from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.reference import unknown_model
from renderlock.spec.recipe import Size

ENGINE = "imagen"
GENERATE = "imagen-4.0-generate-001"
FAST = "imagen-4.0-fast-generate-001"
ULTRA = "imagen-4.0-ultra-generate-001"
UPSCALER = "imagen-4.0-upscale-preview"
LARGEST_SEED = 2_147_483_647
SHUT_DOWN = date(2026, 8, 17)
SUCCESSORS = ("nano-banana-2", "nano-banana-2.1")

ON_GEMINI = on_gemini(ENGINE, "Imagen on the Gemini API")
ON_VERTEX = on_vertex(ENGINE, "Imagen on Vertex AI")

_RATIOS = {
    "1:1": Size(1024, 1024),
    "3:4": Size(896, 1280),
    "4:3": Size(1280, 896),
    "9:16": Size(768, 1408),
    "16:9": Size(1408, 768),
}
"""Pixels at 1K; published for Imagen 3, taken to hold for Imagen 4, and the decoded picture has the word."""


def _sizes(tiers: dict[str, int]) -> dict[Size, tuple[str, str]]:
    return {
        Size(size.width * factor, size.height * factor): (ratio, tier)
        for tier, factor in tiers.items()
        for ratio, size in _RATIOS.items()
    }


RATIO_AND_TIER = _sizes({"1K": 1, "2K": 2})
"""Aspect ratio and `sampleImageSize` by pixels."""


def _rule(tiers: dict[str, int]) -> SizeRule:
    return SizeRule(Size(1024, 1024), 1, 768, 2816, 2048 * 2048, tuple(_sizes(tiers)))


_TIERS = {GENERATE: {"1K": 1, "2K": 2}, FAST: {"1K": 1}, ULTRA: {"1K": 1, "2K": 2}, UPSCALER: {"1K": 1, "2K": 2}}
MODELS = (*(name for name in _TIERS if name != UPSCALER), *(f"{VERTEX}{name}" for name in _TIERS))


@dataclass(frozen=True)
class ImagenModel:
    """A model as it was asked for; `id` is the provider's name of it."""

    id: str
    on_vertex: bool
    hosted: HostedModel

    @property
    def enlarges_only(self) -> bool:
        """Whether it is the upscaler, which renders nothing of its own."""
        return self.id == UPSCALER


def find_model(name: str) -> ImagenModel:
    """The model of a reference's model part (`imagen-4.0-generate-001`, `vertex/…`); raises `UnknownName`."""
    name = name or GENERATE
    if name not in MODELS:
        raise unknown_model(ENGINE, name, MODELS)
    on_vertex = name.startswith(VERTEX)
    model_id = name.removeprefix(VERTEX)
    state = LifecycleState.UNCERTAIN if on_vertex else LifecycleState.RETIRED
    capabilities = Capabilities(
        sizes=_rule(_TIERS[model_id]),
        seed=SeedGrade.DOCUMENTED if on_vertex else SeedGrade.NONE,
        steps=None,
        guidance_scale=GuidanceRange(0, 100, None),
        negative_prompt=on_vertex,
        img2img=False,
        parallel=True,
        hosted=True,
        largest_seed=LARGEST_SEED,
        formats=("image/png",),
        watermark=not on_vertex,
        lifecycle=Lifecycle(state, SHUT_DOWN, SUCCESSORS),
    )
    surface = "imagen-predict-vertex-1" if on_vertex else "imagen-predict-gemini-1"
    provider = ON_VERTEX if on_vertex else ON_GEMINI
    return ImagenModel(model_id, on_vertex, HostedModel(ENGINE, name, surface, provider, capabilities))
