"""What a record keeps about an imported picture: the fields its tool wrote, under the names a recipe uses."""

from __future__ import annotations

import json

from renderlock.errors import RecipeError
from renderlock.imaging.foreign_metadata import ForeignMetadata
from renderlock.spec.recipe import Recipe
from renderlock.store.records import TextPairs

NO_METADATA = "no metadata of a known tool"
_LONGEST_EXTRA = 1_000
_MOST_EXTRAS = 50


def source_of(metadata: ForeignMetadata | None, path: str, file: str, notes: tuple[str, ...]) -> TextPairs:
    """The pairs a record keeps about where an imported picture comes from; raw parameters under `parameters`."""
    pairs = {"file": printable(file), "path": path, "tool": "none", "note": "; ".join(notes)}
    if metadata is None:
        pairs["note"] = NO_METADATA
    else:
        pairs.update(_said(metadata))
        short = [pair for pair in metadata.extras if len(pair[1]) <= _LONGEST_EXTRA][:_MOST_EXTRAS]
        pairs.update({f"extra {name}": value for name, value in short})
    return tuple((name, text) for name, text in pairs.items() if text)


def _said(metadata: ForeignMetadata) -> dict[str, str]:
    """What the metadata says as text, by the names a recipe uses where it has them."""
    said: dict[str, object] = {
        "tool": metadata.tool,
        "prompt": metadata.prompt,
        "negative_prompt": metadata.negative_prompt,
        "seed": metadata.seed,
        "steps": metadata.steps,
        "guidance_scale": None if metadata.guidance_scale is None else f"{metadata.guidance_scale:.12g}",
        "sampler": metadata.sampler,
        "sampler_name": _engine_spelling(metadata),
        "schedule": metadata.schedule,
        "size": None if metadata.size is None else "{}x{}".format(*metadata.size),
        "model": metadata.model,
        "model_hash": metadata.model_hash,
        "denoising_strength": None if metadata.denoising_strength is None else f"{metadata.denoising_strength:.12g}",
        "version": metadata.version,
        "parameters": metadata.raw,
    }
    return {name: str(value) for name, value in said.items() if value is not None}


def _engine_spelling(metadata: ForeignMetadata) -> str | None:
    """The sampler as a recipe names it, where the Karras schedule is a part of the name."""
    karras = "_karras" if metadata.schedule == "karras" else ""
    return None if metadata.sampler_name is None else metadata.sampler_name + karras


def own_recipe(metadata: ForeignMetadata | None) -> tuple[Recipe | None, tuple[str, ...]]:
    """The recipe of a picture renderlock made, and a note where it cannot be read."""
    if metadata is None or metadata.tool != "renderlock":
        return None, ()
    try:
        embedded = json.loads(metadata.raw)
        fields = embedded.get("recipe") if isinstance(embedded, dict) else None
        if not isinstance(fields, dict):
            raise RecipeError(field="recipe", found="nothing", allowed="a JSON object")
        return Recipe.from_json(fields), ()
    except (ValueError, RecursionError, RecipeError) as error:
        return None, (f"its recipe cannot be read: {error}",)


def printable(name: str) -> str:
    """A file name as valid Unicode: bytes that are none become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")
