"""The engines by name: ours in one table, third parties' through the entry-point group.

A model is named by a reference, `engine` or `engine:model`: `embedded`, `embedded:v1`,
`diffusers:org/repo@<40 hex>`, `diffusers:/models/my-model`. A module is imported when its engine is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from renderlock.engines.base import Engine, EngineFactory, EngineOptions
from renderlock.errors import EngineBroken, RenderlockError, UnknownName

ENTRY_POINT_GROUP = "renderlock.engines"


@dataclass(frozen=True)
class EngineEntry:
    """One engine: its name, where its factory is, what it is for, and which package brought it."""

    name: str
    factory: str
    summary: str
    package: str = "renderlock"


OURS = (
    EngineEntry("embedded", "renderlock.engines.embedded.engine:open_model", "the small model that ships inside"),
    EngineEntry("diffusers", "renderlock.engines.diffusers_local:open_model", "any diffusers model, run here"),
)


def list_engines() -> tuple[EngineEntry, ...]:
    """All engines that can be named here, ours first; a third party cannot take one of our names."""
    ours = {entry.name for entry in OURS}
    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)
    return OURS + tuple(_entry_of(point) for point in found if point.name not in ours)


def open_engine(reference: str, options: EngineOptions) -> Engine:
    """The engine for a model reference, with no weights loaded.

    Raises `UnknownName` with the nearest known name, `EngineBroken` where a third party's factory fails,
    and what the engine itself raises for a model it does not have.
    """
    name, _, model = reference.partition(":")
    entries = {entry.name: entry for entry in list_engines()}
    entry = entries.get(name)
    if entry is None:
        near = get_close_matches(name, entries, 1)
        known = ", ".join(entries) + (f". Did you mean {near[0]}?" if near else "")
        raise UnknownName(kind="engine", name=name, known=known)
    return _load_factory(entry)(model, options)


def _entry_of(point: EntryPoint) -> EngineEntry:
    package = point.dist.name if point.dist else "an unknown package"
    return EngineEntry(point.name, point.value, f"from {package}", package)


def _load_factory(entry: EngineEntry) -> EngineFactory:
    module_name, _, attribute = entry.factory.partition(":")
    try:
        factory: EngineFactory = getattr(import_module(module_name), attribute)
    except RenderlockError:
        raise
    except Exception as error:
        if entry.package == "renderlock":
            raise
        raise EngineBroken(name=entry.name, package=entry.package, reason=repr(error)) from error
    return factory
