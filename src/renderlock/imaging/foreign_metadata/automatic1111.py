"""The text that AUTOMATIC1111's web UI, Forge and their relatives write: prompt, negative prompt, parameters.

The format has no escapes between its parts, so it is read as its own reader does: the parameters are the last line
that looks like parameters, the negative prompt starts at the first line that says so. All inner text is kept exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from renderlock.imaging.foreign_metadata.base import LARGEST_TEXT_BYTES, ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.json_text import number_of, parse_map, size_of, whole_of
from renderlock.imaging.foreign_metadata.samplers import canonical_sampler, canonical_schedule

_NEGATIVE = "Negative prompt:"
_KEY = re.compile(r"\s*([^\s:,\"{}\[\]][^:,\"{}\[\]\n]{0,79}):[ \t]*")
_FEWEST_PAIRS = 3
_MOST_PAIRS = 1_000
_FIRST_KEY = "Steps: "
_FIELDS = frozenset(
    (
        "Steps",
        "Sampler",
        "Schedule type",
        "CFG scale",
        "Seed",
        "Size",
        "Model",
        "Model hash",
        "Denoising strength",
        "Version",
    )
)
_TELLING = frozenset(("Steps", "Sampler", "CFG scale", "Seed"))
_RELATIVES = (
    ("Version", re.compile(r"f\d|neo"), "forge"),
    ("Version", re.compile(r"Fooocus"), "fooocus"),
    ("Version", re.compile(r"ComfyUI"), "comfyui"),
    ("App", re.compile(r"SD\.Next"), "sdnext"),
    ("Civitai resources", re.compile(r"."), "civitai"),
)


@dataclass(frozen=True)
class Infotext:
    """The parts of the text: the two prompts, the parameters in their order, and the lines after them."""

    prompt: str
    negative_prompt: str
    parameters: tuple[tuple[str, str], ...]
    trailing: str = ""


def read_automatic1111(found: PictureTexts) -> ForeignMetadata | None:
    """What A1111 or Forge wrote, in `parameters` or `UserComment`; None where there is no such text."""
    text = found.parameters()
    # A dynamic prompt may start with a brace, other tools' JSON always does.
    if not text or len(text) > LARGEST_TEXT_BYTES or parse_map(text) is not None:
        return None
    parts = parse_infotext(text)
    # Any program may use the key `parameters` or a comment: only the parameters line is A1111's own.
    if not _TELLING.intersection(key for key, _ in parts.parameters):
        return None
    return metadata_from(parts, text)


def parse_infotext(text: str) -> Infotext:
    """The parts of one infotext; without a line of parameters all of it is prompt."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    at, parameters = _parameter_line(lines)
    head = lines if at is None else lines[:at]
    trailing = "" if at is None else "\n".join(lines[at + 1 :])
    start = next((index for index, line in enumerate(head) if line.lstrip().startswith(_NEGATIVE)), None)
    if start is None:
        return Infotext("\n".join(head), "", parameters, trailing)
    first = head[start].lstrip().removeprefix(_NEGATIVE).removeprefix(" ")
    return Infotext("\n".join(head[:start]), "\n".join((first, *head[start + 1 :])), parameters, trailing)


def metadata_from(parts: Infotext, raw: str) -> ForeignMetadata:
    """The fields that the parts of an infotext give."""
    values = dict(parts.parameters)
    sampler = values.get("Sampler")
    name, schedule = canonical_sampler(sampler)
    version = values.get("Version")
    extras = tuple((key, value) for key, value in parts.parameters if key not in _FIELDS)
    if parts.trailing.strip():
        extras = (*extras, ("text after the parameters", parts.trailing))
    return ForeignMetadata(
        tool=_tool(values),
        prompt=parts.prompt,
        negative_prompt=parts.negative_prompt,
        seed=whole_of(values.get("Seed")),
        steps=whole_of(values.get("Steps")),
        guidance_scale=number_of(values.get("CFG scale")),
        sampler=sampler,
        sampler_name=name,
        schedule=canonical_schedule(values.get("Schedule type")) or schedule,
        size=_size(values.get("Size", "")),
        model=values.get("Model"),
        model_hash=values.get("Model hash"),
        denoising_strength=number_of(values.get("Denoising strength")),
        version=version,
        raw=raw,
        extras=extras,
    )


def _tool(values: dict[str, str]) -> str:
    """Which of the tools that write this text wrote it, as far as they say; the first of them where they don't."""
    for key, pattern, tool in _RELATIVES:
        if pattern.match(values.get(key, "")):
            return tool
    return "automatic1111"


def _parameter_line(lines: list[str]) -> tuple[int | None, tuple[tuple[str, str], ...]]:
    """Index and pairs of the line of parameters: the last that starts with steps, else the last line of all."""
    last = len(lines) - 1
    starting = (index for index in range(last, -1, -1) if lines[index].lstrip().startswith(_FIRST_KEY))
    for index in (*starting, last):
        pairs = tuple(_pairs(lines[index]))
        if sum(1 for key, value in pairs if key != value) >= _FEWEST_PAIRS:
            return index, pairs
    return None, ()


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """The `Key: value` pairs of one line; an item without a colon is a switch, its value its own name."""
    at = 0
    for _ in range(_MOST_PAIRS):
        if at >= len(line):
            return
        key = _KEY.match(line, at)
        if key:
            value, at = _value(line, key.end())
            yield key.group(1).rstrip(), value
            continue
        end = _item_end(line, at)
        item, at = line[at:end].strip(), end + 1
        if item:
            yield item, item


def _value(line: str, at: int) -> tuple[str, int]:
    """The value from `at` and the place after its comma: a JSON string or object as a whole, else up to the comma."""
    if line[at : at + 1] in ('"', "{", "["):
        try:
            value, end = _DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            pass
        else:
            rest = _item_end(line, end)
            if not line[end:rest].strip():
                return value if isinstance(value, str) else line[at:end], rest + 1
    end = _item_end(line, at)
    return line[at:end].strip(), end + 1


def _item_end(line: str, at: int) -> int:
    comma = line.find(",", at)
    return len(line) if comma < 0 else comma


def _size(text: str) -> tuple[int, int] | None:
    width, _, height = text.partition("x")
    return size_of(width, height)


_DECODER = json.JSONDecoder()
