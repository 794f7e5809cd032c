"""From a recipe to the body of `txt2img` or `img2img`."""

from __future__ import annotations

import base64

from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.fields import JsonObject
from renderlock.spec.recipe import Recipe


def body_of(recipe: Recipe, sampler: str, checkpoint: str, task: str) -> JsonObject:
    """The body of `txt2img`; `sampler` and `checkpoint` are the server's own names, `task` the id of the call."""
    return {
        "prompt": recipe.prompt,
        "negative_prompt": recipe.negative_prompt,
        "seed": recipe.seed,
        "sampler_name": sampler,
        "steps": recipe.steps,
        "cfg_scale": recipe.guidance_scale,
        "width": recipe.size.width,
        "height": recipe.size.height,
        "batch_size": 1,
        "n_iter": 1,
        "override_settings": {"sd_model_checkpoint": checkpoint},
        "send_images": True,
        "save_images": False,
        "force_task_id": task,
    }


def started_from(body: JsonObject, init: Pixels, strength: float) -> JsonObject:
    """The body of `img2img`."""
    return body | {"init_images": [encoded(init)], "denoising_strength": strength, "resize_mode": 0}


def encoded(pixels: Pixels) -> str:
    """The picture as base64 PNG."""
    return base64.b64encode(encode_png(pixels, {})).decode()
