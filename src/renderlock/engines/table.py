"""The engines by name: ours in one table, third parties' through the entry-point group.

A model is named by a reference, `engine` or `engine:model`: `embedded`, `embedded:v1`,
`diffusers:org/repo@<40 hex>`, `diffusers:/models/my-model`. A module is imported when its engine is opened.
"""

from __future__ import annotations

from typing import cast

from renderlock.engines.aliases import ALIASES, full_reference
from renderlock.engines.base import Engine, EngineFactory, EngineOptions
from renderlock.engines.guarded import Origin, open_guarded
from renderlock.entries import OUR_PACKAGE, Entry, list_entries, nearest
from renderlock.errors import EngineBroken, UnknownName

ENTRY_POINT_GROUP = "renderlock.engines"
REHEARSE = "Without that engine, `renderlock run --rehearse` tries the pipeline with the embedded one"


OURS = (
    Entry("embedded", "renderlock.engines.embedded.engine:open_model", "the small model that ships inside"),
    Entry("diffusers", "renderlock.engines.diffusers_local:open_model", "any diffusers model, run here"),
    Entry("openai-images", "renderlock.engines.openai_images.engine:open_model", "servers with OpenAI's images API"),
    Entry("comfyui", "renderlock.engines.comfyui.engine:open_model", "workflows of a ComfyUI server"),
    Entry("a1111", "renderlock.engines.automatic1111.engine:open_model", "AUTOMATIC1111 and Forge servers"),
    Entry("ideogram", "renderlock.engines.ideogram.engine:open_model", "Ideogram's models, called over HTTP"),
    Entry("imagen", "renderlock.engines.imagen.engine:open_model", "Google's Imagen 4, called over HTTP"),
    Entry("gemini", "renderlock.engines.gemini.engine:open_model", "Google's Nano Banana, called over HTTP"),
)


def list_engines() -> tuple[Entry, ...]:
    """All engines that can be named here, ours first; a third party cannot take one of our names."""
    return list_entries(OURS, ENTRY_POINT_GROUP)


def open_engine(reference: str, options: EngineOptions) -> Engine:
    """The engine for a model reference or an alias of one, with no weights loaded.

    Raises `UnknownName` with the nearest known name, `EngineBroken` where a third party's module cannot be imported,
    its factory fails, or two packages bring the same name, and what the engine itself raises for a model it does
    not have.
    """
    name, _, model = full_reference(reference).partition(":")
    entry = _entry_named(name)
    if entry.package == OUR_PACKAGE:
        return _load_factory(entry)(model, options)
    origin = Origin(entry.name, entry.package)
    try:
        factory = _load_factory(entry)
    except Exception as error:
        raise origin.broken(f"{entry.factory} cannot be imported: {error!r}") from error
    return open_guarded(factory, model, options, origin)


def _entry_named(name: str) -> Entry:
    entries = list_engines()
    found = [entry for entry in entries if entry.name == name]
    if len(found) > 1:
        packages = " and ".join(entry.package for entry in found)
        raise EngineBroken(name=name, package=packages, reason="more than one package brings an engine of this name")
    if not found:
        names = [*(entry.name for entry in entries), *ALIASES]
        known = ", ".join(names) + (nearest(name, names) or f". {REHEARSE}")
        raise UnknownName(kind="engine", name=name, known=known)
    return found[0]


def _load_factory(entry: Entry) -> EngineFactory:
    # An import by name has no type; a factory that is none is found out when it is called.
    return cast("EngineFactory", entry.load())
