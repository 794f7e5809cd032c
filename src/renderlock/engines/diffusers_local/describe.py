"""A model folder as `Capabilities`, from its configs and the installed library's source, without importing torch."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.engines.capabilities import Capabilities, GuidanceRange, SeedGrade, StepRange
from renderlock.engines.diffusers_local.families import Distilled, Family, distilled_of, family_of, size_rule
from renderlock.engines.diffusers_local.folder import ModelFolder
from renderlock.engines.diffusers_local.samplers import Sampler, samplers_for
from renderlock.engines.diffusers_local.signatures import (
    Signature,
    image_to_image_class,
    known_libraries,
    read_signature,
    text_to_image_class,
)
from renderlock.errors import ModelUnavailable

VAE_TILE = "vae_tile_px"
"""The control in `Recipe.extras` of the side in pixels of the tiles that a picture is decoded in."""

LEAST_VAE_TILE_PX = 64
MOST_STEPS = 1000
MOST_GUIDANCE = 100.0


@dataclass(frozen=True)
class ModelFacts:
    """How a model is driven: its text-to-image class and, where there is one, the img2img class that shares its
    weights, with their signatures; its family's facts; its samplers."""

    pipeline: str
    signature: Signature
    from_picture: Signature | None
    family: Family
    samplers: tuple[Sampler, ...]
    capabilities: Capabilities


def describe(folder: ModelFolder) -> ModelFacts:
    """The facts of the model in `folder`.

    Raises `ModelUnavailable` where the installed diffusers has no such pipeline, or it makes no picture from a text.
    """
    _refuse_foreign_parts(folder)
    pipeline = text_to_image_class(folder.pipeline)
    signature = _usable_signature(pipeline, folder)
    family = family_of(pipeline)
    samplers = samplers_for(folder.configs.get("scheduler", {}))
    from_picture = _img2img_signature(pipeline)
    distilled = distilled_of(pipeline, folder)
    # A distilled model runs without guidance, so there is nothing that a negative prompt could steer.
    negative = family.negative_prompt and distilled is None and "negative_prompt" in signature.parameters
    capabilities = Capabilities(
        sizes=size_rule(pipeline, folder),
        seed=SeedGrade.EXACT,
        steps=_steps(signature, family, distilled),
        guidance_scale=_guidance(signature, family, distilled),
        negative_prompt=negative,
        img2img=from_picture is not None,
        windows=family.windows,
        levers=_levers(folder, family, distilled),
        samplers=tuple(sampler.name for sampler in samplers),
        sampler_aliases=tuple((spelling, sampler.name) for sampler in samplers for spelling in sampler.spellings),
    )
    return ModelFacts(pipeline, signature, from_picture, family, samplers, capabilities)


def _usable_signature(pipeline: str, folder: ModelFolder) -> Signature:
    signature = read_signature(pipeline)
    if signature is None:
        reason = f"the installed diffusers has no {pipeline}"
        raise _unavailable(folder, reason, "Update diffusers, or take another model.")
    if not {"prompt", "generator", "num_inference_steps", "output_type"} <= signature.parameters:
        raise _unavailable(folder, f"{pipeline} does not make a picture from a text", "Take a text-to-image model.")
    if not signature.parameters & {"callback_on_step_end", "callback"}:
        reason = f"{pipeline} tells nobody of its steps, so a render could not be stopped"
        raise _unavailable(folder, reason, "Take another model.")
    return signature


def _refuse_foreign_parts(folder: ModelFolder) -> None:
    libraries = known_libraries()
    for part, (library, class_name) in folder.parts.items():
        if library not in libraries:
            reason = f"its part {part!r} is {library}.{class_name}, which is neither of diffusers nor of transformers"
            action = "renderlock runs no code that comes with a model; take another model."
            raise _unavailable(folder, reason, action)


def _img2img_signature(pipeline: str) -> Signature | None:
    """None too where a class edits pictures without a strength (FLUX.2, Kontext): it is not img2img."""
    sibling = image_to_image_class(pipeline)
    signature = read_signature(sibling) if sibling else None
    return signature if signature and {"image", "strength"} <= signature.parameters else None


def _steps(signature: Signature, family: Family, distilled: Distilled | None) -> StepRange:
    if family.steps:
        return family.steps
    default = distilled.steps if distilled else int(signature.number("num_inference_steps") or 50)
    return StepRange(1, MOST_STEPS, default)


def _guidance(signature: Signature, family: Family, distilled: Distilled | None) -> GuidanceRange | None:
    if family.guidance is None or family.guidance not in signature.parameters:
        return None
    default = distilled.guidance_scale if distilled else signature.number(family.guidance)
    return None if default is None else GuidanceRange(0.0, MOST_GUIDANCE, default)


def _levers(folder: ModelFolder, family: Family, distilled: Distilled | None) -> tuple[str, ...]:
    """What this model can do to need less memory."""
    found = []
    if folder.configs.get("vae", {}).get("_class_name") == "AutoencoderKL":
        found.append(VAE_TILE)
    found.append("attention-slicing")
    if family.guides_in_one_batch and distilled is None:
        found.append("split-guidance")
    return (*found, "model-offload", "layer-offload")


def _unavailable(folder: ModelFolder, reason: str, action: str) -> ModelUnavailable:
    return ModelUnavailable(model=f"diffusers:{folder.name}", reason=reason, action=action)
