"""What the steward and its worker say to one another, as JSON and bytes: recipes, pixels, deviations and errors."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from renderlock import errors
from renderlock.engines.base import Render
from renderlock.engines.memory_facts import MemoryGrade, MemoryParts
from renderlock.errors import RenderlockError
from renderlock.executors.worker_process import Frame
from renderlock.imaging.pixels import Pixels
from renderlock.spec.deviation import Deviation
from renderlock.spec.fields import JsonObject, object_at, objects_at, optional_object, text_at, whole_at
from renderlock.spec.recipe import Recipe

PARTS = ("weights", "denoise", "decode", "encode", "load", "fixed")


def shape_of(pixels: Pixels | None) -> list[int] | None:
    """Height, width and channels, for a header."""
    return None if pixels is None else [int(side) for side in pixels.shape]


def pixels_of(shape: object, payload: bytes | memoryview) -> Pixels | None:
    """The pixels of a payload that begins with them; None where the header names none."""
    if not isinstance(shape, list):
        return None
    height, width, channels = shape
    count = height * width * channels
    return np.frombuffer(payload, np.uint8, count).reshape(height, width, channels)


def bytes_of(pixels: Pixels | None) -> bytes:
    """The pixels row by row."""
    return b"" if pixels is None else np.ascontiguousarray(pixels).tobytes()


def render_frame(render: Render, facts: Mapping[str, object]) -> Frame:
    """A finished render, with `facts` of how it went."""
    original = None if render.original is None else render.original[1]
    header = {
        "is": "render",
        "shape": shape_of(render.pixels),
        "deviations": [deviation.to_json() for deviation in render.deviations],
        "original": None if original is None else {"media_type": original},
        **facts,
    }
    return Frame(header, bytes_of(render.pixels) + (b"" if render.original is None else render.original[0]))


def render_of(frame: Frame) -> Render:
    """The render of a frame; its pixels may be written to."""
    pixels = pixels_of(frame.header["shape"], frame.payload)
    assert pixels is not None
    original = optional_object(frame.header, "original")
    data = bytes(frame.payload[pixels.size :])
    deviations = tuple(Deviation.from_json(fields) for fields in objects_at(frame.header, "deviations"))
    return Render(pixels.copy(), deviations, None if original is None else (data, text_at(original, "media_type")))


def error_frame(error: BaseException) -> Frame:
    """An error: one of ours by its class and facts, any other as our bug with its traceback."""
    if isinstance(error, RenderlockError):
        facts: dict[str, object] = {
            name: fact if isinstance(fact, int | float | str) else str(fact) for name, fact in error.facts.items()
        }
        return Frame({"is": "error", "class": type(error).__name__, "facts": facts})
    return Frame({"is": "bug", "traceback": "".join(traceback.format_exception(error))})


def error_of(frame: Frame) -> Exception:
    """The error of a frame, to be raised."""
    if frame.header["is"] == "bug":
        return RuntimeError(f"the render worker failed:\n{frame.header['traceback']}")
    kind = getattr(errors, text_at(frame.header, "class"), None)
    if not (isinstance(kind, type) and issubclass(kind, RenderlockError)):
        return RuntimeError(f"the render worker raised {frame.header}")
    return kind(**object_at(frame.header, "facts"))


def parts_to_json(parts: MemoryParts | None) -> JsonObject | None:
    """The parts as an object."""
    return None if parts is None else asdict(parts)


def parts_of(fields: Mapping[str, object] | None) -> MemoryParts | None:
    """The parts of an object."""
    if fields is None:
        return None
    grade = text_at(fields, "grade")
    known: tuple[MemoryGrade, ...] = ("dry-run", "table", "rule")
    weights, denoise, decode, encode, load, fixed = (whole_at(fields, name) for name in PARTS)
    return MemoryParts(weights, denoise, decode, encode, load, fixed, next(one for one in known if one == grade))


def recipe_of(header: Mapping[str, object]) -> Recipe:
    """The recipe of a header."""
    return Recipe.from_json(object_at(header, "recipe"))


def texts_of(header: Mapping[str, object], name: str) -> Sequence[str]:
    """A list of texts in a header."""
    values = header.get(name)
    return [str(value) for value in values] if isinstance(values, list) else []
