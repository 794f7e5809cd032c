"""The texts inside a PNG file of the store: the recipe for renderlock, `parameters` for other tools.

`renderlock` holds the recipe exactly; `parameters` is the line format of AUTOMATIC1111
(modules/processing.py, create_infotext), which Forge, ComfyUI managers and model sites read.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import version

from renderlock.spec.canonical import canonical_json
from renderlock.spec.recipe import Recipe
from renderlock.spec.standing import Standing

RECIPE_KEY = "renderlock"
PARAMETERS_KEY = "parameters"
TEXT_FORMAT = "renderlock png 1"


def texts_of(recipe: Recipe, standing: Standing) -> dict[str, str]:
    """The text chunks of a render's PNG by key; the same for the same recipe and standing."""
    embedded = {"format": TEXT_FORMAT, "recipe": recipe.to_json(), "standing": str(standing)}
    return {PARAMETERS_KEY: parameters_of(recipe), RECIPE_KEY: canonical_json(embedded).decode()}


def parameters_of(recipe: Recipe) -> str:
    """The recipe in AUTOMATIC1111's words; what the model has no control for is left out."""
    facts = {
        "Steps": recipe.steps,
        "Sampler": recipe.sampler,
        "CFG scale": None if recipe.guidance_scale is None else f"{recipe.guidance_scale:.12g}",
        "Seed": recipe.seed,
        "Size": recipe.size,
        "Model hash": recipe.model.weights[:10] or None,
        "Model": recipe.model.model,
        "Denoising strength": None if recipe.init is None else f"{recipe.init.strength:.12g}",
        "Version": _maker(),
    }
    last = ", ".join(f"{name}: {_quoted(str(fact))}" for name, fact in facts.items() if fact is not None)
    negative = [f"Negative prompt: {recipe.negative_prompt}"] if recipe.negative_prompt else []
    return "\n".join([recipe.prompt, *negative, last])


def _quoted(text: str) -> str:
    """The text as JSON where it holds what would end a value, as AUTOMATIC1111 does it."""
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",\n:") else text


@cache
def _maker() -> str:
    # Only major and minor: a patch release must not change the bytes, and so the address, of a picture.
    return "renderlock " + ".".join(version("renderlock").split(".")[:2])
