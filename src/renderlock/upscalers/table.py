"""The upscalers by name: ours in one table, third parties' through the entry-point group.

An upscaler is named by a reference, `name` or `name:model`: `lanczos`, `waifu2x`, `waifu2x:noise0`, `dat`, `span`,
`realesrgan`, `spandrel:/models/mine.safetensors`. A module is imported when its upscaler is opened.
"""

from __future__ import annotations

from typing import cast

from renderlock.entries import OUR_PACKAGE, Entry, list_entries, nearest
from renderlock.errors import RenderlockError, UnknownName, UpscalerBroken
from renderlock.upscalers.base import Upscaler, UpscalerFactory, UpscalerFacts, UpscalerOptions

ENTRY_POINT_GROUP = "renderlock.upscalers"
MEMBERS = ("facts", "identify", "enlarge", "close")


OURS = (
    Entry("lanczos", "renderlock.upscalers.lanczos:open_model", "interpolation, invents nothing"),
    Entry("waifu2x", "renderlock.upscalers.waifu2x:open_model", "small network, close to the source"),
    Entry("dat", "renderlock.upscalers.dat:open_model", "transformer, closest to the source, slow"),
    Entry("span", "renderlock.upscalers.ncnn_models:open_span", "fast network, close to the source"),
    Entry("realesrgan", "renderlock.upscalers.ncnn_models:open_realesrgan", "looks sharp, invents detail"),
    Entry("spandrel", "renderlock.upscalers.spandrel_file:open_model", "any model file, by spandrel"),
)


def list_upscalers() -> tuple[Entry, ...]:
    """All upscalers that can be named here, ours first; a third party cannot take one of our names."""
    return list_entries(OURS, ENTRY_POINT_GROUP)


def open_upscaler(reference: str, options: UpscalerOptions) -> Upscaler:
    """The upscaler for a reference, with no weights loaded.

    Raises `UnknownName` with the nearest known name, `MissingDependency` where its package is not installed,
    `ModelUnavailable` where its files are not there, `UpscalerBroken` where a third party's does not keep the contract.
    """
    name, _, model = reference.partition(":")
    entry = _entry_named(name)
    if entry.package == OUR_PACKAGE:
        return _load_factory(entry)(model, options)
    return _open_foreign(entry, model, options)


def _open_foreign(entry: Entry, model: str, options: UpscalerOptions) -> Upscaler:
    try:
        upscaler = _load_factory(entry)(model, options)
    except RenderlockError:
        raise
    except Exception as error:
        reason = f"{entry.factory} raised {error!r}"
        raise UpscalerBroken(name=entry.name, package=entry.package, reason=reason) from error
    missing = [member for member in MEMBERS if not hasattr(upscaler, member)]
    if missing:
        reason = f"its factory gave a {type(upscaler).__name__} without {', '.join(missing)}"
        raise UpscalerBroken(name=entry.name, package=entry.package, reason=reason)
    facts: object = upscaler.facts
    if not isinstance(facts, UpscalerFacts):
        reason = f"its facts are a {type(facts).__name__}"
        raise UpscalerBroken(name=entry.name, package=entry.package, reason=reason)
    return upscaler


def _entry_named(name: str) -> Entry:
    entries = list_upscalers()
    found = [entry for entry in entries if entry.name == name]
    if len(found) > 1:
        packages = " and ".join(entry.package for entry in found)
        raise UpscalerBroken(name=name, package=packages, reason="more than one package brings one of this name")
    if not found:
        names = [entry.name for entry in entries]
        raise UnknownName(kind="upscaler", name=name, known=", ".join(names) + nearest(name, names))
    return found[0]


def _load_factory(entry: Entry) -> UpscalerFactory:
    # An import by name has no type; a factory that is none is found out when it is called.
    return cast("UpscalerFactory", entry.load())
