"""Palette files of the tools artists use: GIMP, Adobe, Lospec, Paint.NET, JASC, plain lists, and PNG swatches.

The order of the file is kept, as engines index by it; a colour that comes twice counts once. What is not a colour is
an error with its line, never skipped.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from skimage.color import lab2rgb

from renderlock.errors import InputUnusable
from renderlock.imaging.palette import MOST_COLOURS, Palette

Rgb = tuple[int, int, int]

_LARGEST_FILE_BYTES = 4 * 2**20
_HEX = re.compile(r"#?(?:0x)?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_SHORT = 3
_ACTION = "Give a palette as .gpl, .ase, .act, .hex, .pal, a list of #rrggbb, or a PNG of its colours."


class PaletteDamaged(ValueError):
    """The file is not the palette that its ending says; the text says where."""


def read_palette(path: Path) -> Palette:
    """The palette of a file, by its ending; raises `InputUnusable` with the line of what is no colour."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE_BYTES + 1)
        if len(data) > _LARGEST_FILE_BYTES:
            raise PaletteDamaged(f"it is larger than {_LARGEST_FILE_BYTES // 2**20} MiB")
        return parse_palette(data, path.suffix, path.stem)
    except (OSError, PaletteDamaged) as error:
        raise InputUnusable(path=path, reason=error, action=_ACTION) from error


def parse_palette(data: bytes, ending: str, name: str) -> Palette:
    """The palette in a file's bytes, told by the file's ending; raises `PaletteDamaged`."""
    reader = _READERS.get(ending.lower())
    if reader is None:
        raise PaletteDamaged(f"no palette format ends with {ending!r}")
    try:
        colours = tuple(dict.fromkeys(reader(data)))
    except (struct.error, IndexError) as error:
        raise PaletteDamaged("it is cut short") from error
    if not colours:
        raise PaletteDamaged("it holds no colour")
    if len(colours) > MOST_COLOURS:
        raise PaletteDamaged(f"it holds {len(colours)} colours, and an indexed PNG {MOST_COLOURS} at most")
    return Palette(colours, name)


def _read_gpl(data: bytes) -> Iterator[Rgb]:
    """GIMP: a first line, `Name:` and `Columns:`, then red, green, blue and a name a line."""
    lines = _lines(data)
    if not lines or not lines[0][1].startswith("GIMP Palette"):
        raise PaletteDamaged("its first line is not `GIMP Palette`")
    for number, line in lines[1:]:
        if line.startswith("#") or re.match(r"(Name|Columns):", line):
            continue
        yield _three(line.split()[:3], number)


def _read_jasc(data: bytes) -> Iterator[Rgb]:
    """JASC (Paint Shop Pro): two lines of heading, the count, then red, green and blue a line."""
    lines = _lines(data)
    if len(lines) < 3 or lines[0][1] != "JASC-PAL":
        raise PaletteDamaged("its first line is not `JASC-PAL`")
    for number, line in lines[3:]:
        yield _three(line.split()[:3], number)


def _read_list(data: bytes) -> Iterator[Rgb]:
    """Lospec's .hex and plain lists: one `rrggbb` or `#rrggbb` a line; `;` and `//` begin a comment."""
    for number, line in _lines(data):
        text = re.split(r"\s*(?:;|//)", line)[0].strip()
        for word in re.split(r"[\s,]+", text) if text else ():
            yield _hex(word, number)


def _read_paint_net(data: bytes) -> Iterator[Rgb]:
    """Paint.NET's .txt (`aarrggbb`, where `;` begins a comment), or a plain list."""
    if b"paint.net" not in data[:200].lower():
        yield from _read_list(data)
        return
    for number, line in _lines(data):
        text = line.split(";")[0].strip()
        if text:
            yield _hex(text[2:] if len(text) == 8 else text, number)


def _read_act(data: bytes) -> Iterator[Rgb]:
    """Adobe colour table: 256 colours of three bytes, and where 772 bytes, how many of them count."""
    if len(data) not in (768, 772):
        raise PaletteDamaged(f"a colour table has 768 or 772 bytes, this has {len(data)}")
    count = 256
    if len(data) == 772:
        (count,) = struct.unpack_from(">H", data, 768)
    for index in range(min(count or 256, 256)):
        yield data[3 * index], data[3 * index + 1], data[3 * index + 2]


def _read_ase(data: bytes) -> Iterator[Rgb]:
    """Adobe Swatch Exchange 1.0: blocks of groups and colours; RGB, grey and Lab, while CMYK has no one sRGB."""
    if data[:4] != b"ASEF":
        raise PaletteDamaged("it does not begin with ASEF")
    (blocks,) = struct.unpack_from(">I", data, 8)
    at = 12
    for _ in range(min(blocks, 100_000)):
        kind, length = struct.unpack_from(">HI", data, at)
        if kind == 1:
            yield _swatch(data[at + 6 : at + 6 + length])
        at += 6 + length


def _swatch(block: bytes) -> Rgb:
    (letters,) = struct.unpack_from(">H", block, 0)
    name = block[2 : 2 + 2 * letters].decode("utf-16-be", "replace").strip("\0")
    at = 2 + 2 * letters
    model = block[at : at + 4]
    if model == b"RGB ":
        return _levels(struct.unpack_from(">3f", block, at + 4))
    if model == b"Gray":
        return _levels(struct.unpack_from(">f", block, at + 4) * 3)
    if model == b"LAB ":
        lightness, green_red, blue_yellow = struct.unpack_from(">3f", block, at + 4)
        # The lightness is 0 to 1 in files by Adobe.
        return _levels(lab2rgb(np.array([[[lightness * 100, green_red, blue_yellow]]]))[0, 0].tolist())
    raise PaletteDamaged(f"the swatch {name!r} is {model.decode('latin-1').strip()}; save the swatches as RGB")


def _read_png(data: bytes) -> Iterator[Rgb]:
    """A PNG: its own palette where it has one, else its colours in reading order."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.width * picture.height > 4096 * 4096:
                raise PaletteDamaged(f"a swatch of {picture.width}x{picture.height} pixels is too large")
            if picture.mode == "P":
                flat = picture.getpalette("RGB") or []
                yield from zip(flat[0::3], flat[1::3], flat[2::3], strict=True)
                return
            pixels = np.asarray(picture.convert("RGBA")).reshape(-1, 4)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise PaletteDamaged(f"it is no PNG that can be read ({error})") from error
    opaque = pixels[pixels[:, 3] == 255][:, :3]
    _, first = np.unique(opaque, axis=0, return_index=True)
    yield from (_levels(colour / 255) for colour in opaque[np.sort(first)])


def _lines(data: bytes) -> list[tuple[int, str]]:
    """The lines with something on them, by number."""
    text = data.decode("utf-8-sig", "replace")
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _three(words: list[str], line: int) -> Rgb:
    if len(words) < 3 or not all(word.isascii() and word.isdigit() and int(word) <= 255 for word in words):
        raise PaletteDamaged(f"line {line}: {' '.join(words)!r} is no red, green and blue from 0 to 255")
    return int(words[0]), int(words[1]), int(words[2])


def _hex(word: str, line: int) -> Rgb:
    match = _HEX.fullmatch(word)
    if match is None:
        raise PaletteDamaged(f"line {line}: {word!r} is no colour as #rrggbb")
    digits = match[1] if len(match[1]) != _SHORT else "".join(2 * digit for digit in match[1])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def _levels(parts: Iterable[float]) -> Rgb:
    red, green, blue = (round(255 * min(1.0, max(0.0, part))) if math.isfinite(part) else 0 for part in parts)
    return red, green, blue


_READERS: dict[str, Callable[[bytes], Iterator[Rgb]]] = {
    ".gpl": _read_gpl,
    ".pal": _read_jasc,
    ".hex": _read_list,
    ".txt": _read_paint_net,
    ".act": _read_act,
    ".ase": _read_ase,
    ".png": _read_png,
}
