"""Every tool whose metadata is read, and the one function that reads a picture.

The order decides where a file has several texts: a tool's own key goes before the key that many tools share.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from renderlock.errors import InputUnusable
from renderlock.imaging.foreign_metadata.automatic1111 import read_automatic1111
from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts, Reader
from renderlock.imaging.foreign_metadata.comfyui import read_comfyui
from renderlock.imaging.foreign_metadata.containers import media_type_of, read_texts
from renderlock.imaging.foreign_metadata.draw_things import read_draw_things
from renderlock.imaging.foreign_metadata.fooocus import read_fooocus
from renderlock.imaging.foreign_metadata.invokeai import read_invokeai
from renderlock.imaging.foreign_metadata.novelai import read_novelai
from renderlock.imaging.foreign_metadata.renderlock_own import read_renderlock
from renderlock.imaging.foreign_metadata.swarmui import read_swarmui

READERS: tuple[Reader, ...] = (
    read_renderlock,
    read_swarmui,
    read_invokeai,
    read_novelai,
    read_fooocus,
    read_draw_things,
    read_comfyui,
    read_automatic1111,
)

_COMPLETED = (
    "prompt",
    "negative_prompt",
    "seed",
    "steps",
    "guidance_scale",
    "sampler",
    "sampler_name",
    "schedule",
    "size",
    "model",
    "model_hash",
)

LARGEST_FILE_BYTES = 512 * 1024 * 1024

_ACTION = "Give a PNG, JPEG, WebP, AVIF or GIF file."


def read_foreign(path: Path) -> ForeignMetadata | None:
    """What the tool that made a picture wrote into it; None where no known tool wrote anything.

    Raises `InputUnusable` where the file cannot be read, is larger than `LARGEST_FILE_BYTES`, or is not a picture.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise InputUnusable(path=path, reason=f"it is larger than {LARGEST_FILE_BYTES} bytes", action=_ACTION)
        data = path.read_bytes()
    except OSError as error:
        raise InputUnusable(path=path, reason=error.strerror or error, action=_ACTION) from error
    if media_type_of(data) is None:
        raise InputUnusable(path=path, reason="it is not a PNG, JPEG, WebP, AVIF or GIF file", action=_ACTION)
    return read_foreign_bytes(data, path.name)


def read_foreign_bytes(data: bytes, file_name: str = "") -> ForeignMetadata | None:
    """What the tool that made a picture wrote into its file, given the file's bytes; never raises."""
    return read_foreign_texts(read_texts(data, file_name))


def read_foreign_texts(found: PictureTexts) -> ForeignMetadata | None:
    """What the texts of a picture say about its making; None where no known tool wrote them."""
    metadata = next((read for reader in READERS if (read := reader(found)) is not None), None)
    if metadata is None:
        return None
    if metadata.tool == "comfyui":
        metadata = _completed(metadata, read_automatic1111(found))
    return replace(metadata, notes=(*metadata.notes, *found.notes))


def _completed(metadata: ForeignMetadata, written: ForeignMetadata | None) -> ForeignMetadata:
    """ComfyUI's fields, completed where its graph does not tell by the A1111 text that saving nodes add."""
    if written is None:
        return metadata
    missing = {name: getattr(written, name) for name in _COMPLETED if getattr(metadata, name) in (None, "")}
    return replace(metadata, **missing, extras=(*metadata.extras, ("parameters", written.raw)))
