"""One call of a loaded pipeline: a recipe into its arguments, its steps to the watch, its output into pixels.

Everything a pipeline does differently from the recipe comes back as a deviation, and every error as one of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import cast

import numpy as np
import torch
from PIL import Image

from renderlock.engines.base import Render, Watch
from renderlock.engines.diffusers_local.canvas_noise import noise_from_canvas
from renderlock.engines.diffusers_local.describe import VAE_TILE, ModelFacts
from renderlock.engines.diffusers_local.levers import denoiser_of, levers_pulled
from renderlock.engines.diffusers_local.library_types import Autoencoder, Pipeline
from renderlock.engines.diffusers_local.loading import LoadedModel, describe_error, is_out_of_memory, release_memory
from renderlock.engines.diffusers_local.replay import Replay
from renderlock.engines.diffusers_local.samplers import Sampler
from renderlock.engines.diffusers_local.signatures import Signature
from renderlock.engines.diffusers_local.steady import quiet, steady
from renderlock.engines.diffusers_local.vae_tiles import decoded_in_tiles
from renderlock.errors import EngineFailed, OutOfMemory, RenderlockError
from renderlock.imaging.pixels import Pixels, fit_to
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Recipe, Size

LONGEST_QUOTE = 80
"""How many characters of a cut-off prompt a deviation quotes."""


@dataclass(frozen=True)
class Aids:
    """What a render is helped by, none of which is in its recipe: CPU threads, levers, and what an attempt before at
    the same picture computed."""

    threads: int
    levers: frozenset[str]
    replay: Replay


class Steps:
    """Tells a watch of each denoising step, and keeps what the watch raises to stop the render."""

    def __init__(self, watch: Watch, planned: int) -> None:
        self.stopped_by: BaseException | None = None
        self._watch = watch
        self._planned = planned

    def step_ended(
        self, pipeline: object, index: int, timestep: object, tensors: Mapping[str, object]
    ) -> Mapping[str, object]:
        """What a pipeline calls as `callback_on_step_end`."""
        steps = getattr(pipeline, "num_timesteps", None)
        self._tell(index + 1, steps if isinstance(steps, int) else self._planned)
        return tensors

    def step_ended_plainly(self, index: int, timestep: object, latents: object) -> None:
        """What a pipeline of the older kind calls as `callback`."""
        self._tell(index + 1, self._planned)

    def _tell(self, done: int, steps: int) -> None:
        try:
            self._watch.on_step(done, max(done, steps))
        except BaseException as error:
            self.stopped_by = error
            raise


def render_recipe(model: LoadedModel, recipe: Recipe, init: Pixels | None, watch: Watch, aids: Aids) -> Render:
    """One picture from one recipe.

    Raises `OutOfMemory`, `EngineFailed`, or what `watch` raised; the model can be used again after each. After
    `OutOfMemory` the next attempt at the picture, in whatever tiles it is decoded, goes on where this one broke off.
    """
    follow = Steps(watch, recipe.steps or 1)
    ran_out = ""
    try:
        return _render(model, recipe, init, follow, aids)
    except Exception as error:
        if error is follow.stopped_by or not _says_out_of_memory(error):
            raise
        ran_out = str(error.facts["reason"]) if isinstance(error, OutOfMemory) else describe_error(error)
    # Memory may run out before and after the pipeline too: in its scheduler, or where pixels are made of its output.
    aids.replay.ran_out()
    model.settle()
    release_memory()
    raise OutOfMemory(model=recipe.model.reference, reason=ran_out)


def _says_out_of_memory(error: Exception) -> bool:
    return isinstance(error, OutOfMemory) or (not isinstance(error, RenderlockError) and is_out_of_memory(error))


def _render(model: LoadedModel, recipe: Recipe, init: Pixels | None, follow: Steps, aids: Aids) -> Render:
    sampler = next((known for known in model.facts.samplers if known.name == recipe.sampler), None)
    with steady(aids.threads, model.device), quiet() as said:
        pipeline, signature = _pipeline_for(model, sampler, from_picture=init is not None)
        arguments = call_arguments(recipe, model.facts, signature, init)
        if "callback_on_step_end" in signature.parameters:
            arguments["callback_on_step_end"] = follow.step_ended
        else:
            arguments |= {"callback": follow.step_ended_plainly, "callback_steps": 1}
        with noise_from_canvas(pipeline, recipe), _arranged(pipeline, recipe, aids):
            output = run_pipeline(pipeline, arguments, follow, recipe.model.reference)
    pixels = to_pixels(output, recipe.model.reference)
    aids.replay.forget()
    return Render(pixels, find_deviations(recipe, model.facts, pixels, said))


def call_arguments(recipe: Recipe, facts: ModelFacts, signature: Signature, init: Pixels | None) -> dict[str, object]:
    """What to call a pipeline with: the recipe in the words of its signature.

    The noise comes from a generator on the CPU, which gives the same numbers for every device.
    """
    family = facts.family
    wanted: dict[str, object] = {
        "prompt": recipe.prompt,
        "width": recipe.size.width,
        "height": recipe.size.height,
        "num_inference_steps": recipe.steps,
        "num_images_per_prompt": 1,
        "generator": torch.Generator("cpu").manual_seed(recipe.seed),
        "output_type": "np",
        # Some pipelines would render a size of their own choice and scale it to the asked one.
        "use_resolution_binning": False,
    }
    if facts.capabilities.negative_prompt:
        wanted["negative_prompt"] = recipe.negative_prompt or family.empty_negative
    if family.guidance is not None and facts.capabilities.guidance_scale is not None:
        wanted[family.guidance] = recipe.guidance_scale
    if recipe.init is not None and init is not None:
        wanted["image"] = Image.fromarray(fit_to(init, recipe.size.width, recipe.size.height))
        wanted["strength"] = recipe.init.strength
    return {name: value for name, value in wanted.items() if value is not None and name in signature.parameters}


def run_pipeline(pipeline: Pipeline, arguments: Mapping[str, object], follow: Steps, model: str) -> object:
    """What the pipeline gives; raises `OutOfMemory` or `EngineFailed` in place of its errors, the watch's own as is."""
    ran_out = ""
    try:
        return pipeline(**arguments)
    except Exception as error:
        if error is follow.stopped_by or isinstance(error, RenderlockError):
            raise
        if not is_out_of_memory(error):
            raise EngineFailed(model=model, reason=describe_error(error)) from error
        ran_out = describe_error(error)
    # Out of the handler the traceback is gone, and with it the tensors that its frames held.
    raise OutOfMemory(model=model, reason=ran_out)


def to_pixels(output: object, model: str) -> Pixels:
    """H x W x 3|4 8-bit pixels of a pipeline's output, whose `images` hold floats from 0 to 1.

    Raises `EngineFailed` where there is no picture, where it holds values that are no numbers, or where the model's
    safety checker put a black one in its place.
    """
    if any(getattr(output, "nsfw_content_detected", None) or ()):
        raise EngineFailed(model=model, reason="the model's own safety checker withheld the picture")
    images = getattr(output, "images", None)
    if not isinstance(images, np.ndarray) or images.ndim != 4 or images.shape[-1] not in {3, 4}:
        raise EngineFailed(model=model, reason="its pipeline gave something that is not a picture")
    picture = images[0].astype(np.float32)
    if not np.isfinite(picture).all():
        reason = "its picture holds values that are no numbers (NaN); half precision is the usual cause"
        raise EngineFailed(model=model, reason=reason)
    pixels: Pixels = (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
    return pixels


def find_deviations(recipe: Recipe, facts: ModelFacts, pixels: Pixels, said: list[str]) -> tuple[Deviation, ...]:
    """What the render did differently from the recipe, from its size, its guidance and what the libraries said."""
    found = []
    size = Size(pixels.shape[1], pixels.shape[0])
    if size != recipe.size:
        found.append(Deviation("size", str(recipe.size), str(size), f"{facts.pipeline} rounds sizes"))
    guidance = recipe.guidance_scale
    if recipe.negative_prompt and guidance is not None and guidance <= facts.family.unguided:
        reason = f"a guidance scale of {guidance:g} does not guide; above {facts.family.unguided:g} it does"
        found.append(Deviation("negative_prompt", repr(recipe.negative_prompt), "no effect", reason))
    for text in said:
        if "was truncated because" in text:
            why, _, removed = text.partition("was truncated because")[2].rpartition(": ")
            cut = shorten(removed, LONGEST_QUOTE, placeholder=" …")
            found.append(Deviation("prompt", "read to its end", f"read without {cut}", why.strip()))
        elif "does not have a deterministic implementation" in text:
            operation = text.split(" ", 1)[0]
            reason = f"{operation} has no deterministic form on this device"
            found.append(Deviation("seed", "the same pixels each time", "pixels that may differ a little", reason))
    return tuple(dict.fromkeys(found))


@contextmanager
def _arranged(pipeline: Pipeline, recipe: Recipe, aids: Aids) -> Iterator[None]:
    """The levers, the tiles of the decoder, and the answers of an attempt before, for the length of a render."""
    with ExitStack() as stack:
        stack.enter_context(levers_pulled(pipeline, aids.levers))
        denoiser, vae = denoiser_of(pipeline), cast("Autoencoder | None", getattr(pipeline, "vae", None))
        if denoiser is not None:
            aids.replay.begin(_work(recipe))
            stack.enter_context(aids.replay.on(denoiser, vae))
        tile_px = dict(recipe.extras).get(VAE_TILE)
        if isinstance(tile_px, int) and vae is not None:
            stack.enter_context(decoded_in_tiles(vae, tile_px, aids.replay.tiles))
        yield


def _work(recipe: Recipe) -> str:
    """The name of the latent that a recipe leads to, however it is decoded."""
    return replace(recipe, extras=tuple(pair for pair in recipe.extras if pair[0] != VAE_TILE)).digest


def _pipeline_for(model: LoadedModel, sampler: Sampler | None, *, from_picture: bool) -> tuple[Pipeline, Signature]:
    if from_picture and model.facts.from_picture is not None:
        return model.image_to_image(sampler), model.facts.from_picture
    return model.text_to_image(sampler), model.facts.signature
