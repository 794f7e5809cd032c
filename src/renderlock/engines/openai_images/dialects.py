"""The servers that speak the OpenAI images API, each with what it understands beyond it, as data.

The same field means different things, or nothing, to different servers: a seed at the top level pins the picture at
one and is ignored in silence at the next. What a dialect does not name is never sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from renderlock.engines.capabilities import (
    Capabilities,
    GuidanceRange,
    Lifecycle,
    SeedGrade,
    SizeRule,
    StepRange,
)
from renderlock.engines.hosted.model import Provider
from renderlock.engines.openai_images.sizes import RatioRule
from renderlock.spec.recipe import Size

OPENAI = "openai-images"


@dataclass(frozen=True)
class Controls:
    """A dialect's names for our controls; "" where the server has none.

    A name with dots is a path in the JSON that stands inside the prompt, for servers that read all but the basics
    there (`transport` "prompt").
    """

    seed: str = ""
    steps: str = ""
    guidance_scale: str = ""
    negative_prompt: str = ""
    strength: str = ""
    transport: Literal["top-level", "prompt"] = "top-level"


@dataclass(frozen=True)
class Dialect:
    """One kind of server: where it is, what it can do, and how it is asked.

    `response_format` is sent where it is not ""; `extras` are fields of its own that a recipe may carry; `costs`
    whether its pictures are paid for.
    """

    provider: Provider
    capabilities: Capabilities
    controls: Controls = Controls()
    response_format: str = ""
    extras: tuple[str, ...] = ()
    costs: bool = False


def _own(name: str, title: str) -> Provider:
    return Provider(
        name=name,
        title=title,
        base_url="",
        key_variables=(f"{name.upper().replace('-', '_')}_API_KEY",),
        key_prefix="Bearer ",
        key_optional=True,
        images_in_flight=2,
    )


def _diffusion(
    multiple: int, native: int, *, seed: SeedGrade, guidance: GuidanceRange | None, strength: bool = False
) -> Capabilities:
    return Capabilities(
        sizes=SizeRule(Size(native, native), multiple, 256, 2048, 2048 * 2048),
        seed=seed,
        steps=StepRange(1, 200, 28),
        guidance_scale=guidance,
        negative_prompt=True,
        img2img=True,
        strength=strength,
        parallel=True,
        hosted=True,
    )


_OFFICIAL = Dialect(
    provider=Provider(
        name=OPENAI,
        title="OpenAI",
        base_url="https://api.openai.com",
        key_variables=("OPENAI_API_KEY",),
        key_prefix="Bearer ",
        images_in_flight=5,
        picture_hosts=("openai.com", "oaidalleapiprodscus.blob.core.windows.net"),
        console="https://platform.openai.com/usage",
    ),
    capabilities=Capabilities(
        sizes=RatioRule(Size(1024, 1024), 16, 256, 3840, 3840 * 2160),
        seed=SeedGrade.NONE,
        steps=None,
        guidance_scale=None,
        negative_prompt=False,
        img2img=True,
        strength=False,
        parallel=True,
        hosted=True,
        lifecycle=Lifecycle(),
    ),
    extras=("quality", "background", "moderation", "input_fidelity"),
    costs=True,
)

_SAMPLING = Controls("seed", "num_inference_steps", "guidance_scale", "negative_prompt")
_GUIDANCE = GuidanceRange(0.0, 20.0, 4.0)

DIALECTS = {
    OPENAI: _OFFICIAL,
    "vllm-omni": Dialect(
        provider=_own("vllm-omni", "vLLM-Omni"),
        capabilities=_diffusion(16, 1024, seed=SeedGrade.BEST_EFFORT, guidance=_GUIDANCE),
        controls=_SAMPLING,
        response_format="b64_json",
        extras=("true_cfg_scale", "flow_shift", "generator_device", "vae_use_tiling"),
    ),
    "sglang": Dialect(
        provider=_own("sglang", "SGLang"),
        capabilities=_diffusion(16, 1024, seed=SeedGrade.BEST_EFFORT, guidance=_GUIDANCE),
        controls=_SAMPLING,
        response_format="b64_json",
        extras=("true_cfg_scale", "generator_device"),
    ),
    "sd-cpp": Dialect(
        provider=_own("sd-cpp", "stable-diffusion.cpp"),
        capabilities=_diffusion(
            64, 512, seed=SeedGrade.BEST_EFFORT, guidance=GuidanceRange(0.0, 30.0, 7.0), strength=True
        ),
        controls=Controls(
            "seed",
            "sample_params.sample_steps",
            "sample_params.guidance.txt_cfg",
            "negative_prompt",
            "strength",
            transport="prompt",
        ),
    ),
    "localai": Dialect(
        provider=_own("localai", "LocalAI"),
        # A seed is documented nowhere, so none is promised and none is sent.
        capabilities=_diffusion(8, 512, seed=SeedGrade.NONE, guidance=None),
        controls=Controls(steps="step", negative_prompt="negative_prompt"),
        response_format="b64_json",
    ),
}
"""Every dialect by the name it has in a reference, the first part of `openai-images:sglang/MODEL`."""


def split_reference(model: str) -> tuple[Dialect, str]:
    """The dialect and the model's name there: `gpt-image-2` is OpenAI's, `sglang/org/model` is a server's."""
    first, mark, rest = model.partition("/")
    if first in DIALECTS and (mark or first != OPENAI):
        return DIALECTS[first], rest
    return DIALECTS[OPENAI], model
