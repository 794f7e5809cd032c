"""From a recipe to the fields of a request, in a server's dialect."""

from __future__ import annotations

import json

from renderlock.engines.openai_images.dialects import Dialect
from renderlock.errors import NotCapable
from renderlock.spec.fields import JsonObject
from renderlock.spec.recipe import Recipe

EMBEDDED = "<sd_cpp_extra_args>{}</sd_cpp_extra_args>"


def fields_of(recipe: Recipe, dialect: Dialect, model: str) -> JsonObject:
    """The JSON body of a generation, and the text fields of an edit; raises `NotCapable` for a foreign extra."""
    fields: JsonObject = {"model": model} if model else {}
    fields |= {"prompt": recipe.prompt, "n": 1, "size": str(recipe.size)}
    fields |= {"response_format": dialect.response_format} if dialect.response_format else {}
    controls = _controls(recipe, dialect)
    if dialect.controls.transport == "prompt" and controls:
        inside = json.dumps(_nested(controls), ensure_ascii=False, sort_keys=True)
        fields["prompt"] = f"{recipe.prompt} {EMBEDDED.format(inside)}"
    else:
        fields |= controls
    return fields | _extras(recipe, dialect)


def _controls(recipe: Recipe, dialect: Dialect) -> JsonObject:
    """Our controls under the dialect's names; what it has no name for is not there."""
    names = dialect.controls
    values: tuple[tuple[str, object], ...] = (
        (names.seed, recipe.seed),
        (names.steps, recipe.steps),
        (names.guidance_scale, recipe.guidance_scale),
        (names.negative_prompt, recipe.negative_prompt or None),
        (names.strength, recipe.init.strength if recipe.init is not None else None),
    )
    return {name: value for name, value in values if name and value is not None}


def _extras(recipe: Recipe, dialect: Dialect) -> JsonObject:
    foreign = [name for name, _ in recipe.extras if name not in dialect.extras]
    if foreign:
        listing = f"  {', '.join(foreign)} (it takes {', '.join(dialect.extras) or 'no extras'})"
        raise NotCapable(model=recipe.model.reference, listing=listing)
    return dict(recipe.extras)


def _nested(controls: JsonObject) -> JsonObject:
    """The controls with dotted names taken apart into objects."""
    whole: JsonObject = {}
    for name, value in controls.items():
        at = whole
        *parents, last = name.split(".")
        for parent in parents:
            inner = at.setdefault(parent, {})
            assert isinstance(inner, dict)
            at = inner
        at[last] = value
    return whole
