"""The ways in which a picture is shown to a reader: whole, inverted, enlarged, and in parts at full size.

Readers overlook light letters on dark plates, letters of a few pixels, and small print on large canvases; each view
mends one of these. All words come back in the pixels of the picture itself, in reading order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.text_reader import LARGEST_SIDE_PX, Point, ReadText, TextReader

_LEAST_ENLARGED = 1.3
"""Pictures that can be enlarged by this much, at most by two, are also shown so."""
_PART_PX = 960
_PART_OVERLAP_PX = 320
"""The widest line that a part's edge may cut and another part still holds whole, in small print."""


@dataclass(frozen=True)
class View:
    """One way of reading a picture: what it is called, and the lines it gave, in reading order."""

    name: str
    lines: tuple[ReadText, ...]


def read_views(pixels: Pixels, reader: TextReader) -> Iterator[View]:
    """The views of H x W x 3|4 8-bit sRGB pixels, cheapest first; each is read when it is asked for."""
    rgb = _over_grey(pixels)
    yield View("as it is", _whole(rgb, reader))
    yield View("inverted", _whole(255 - rgb, reader))
    longest = max(rgb.shape[:2])
    factor = min(2.0, LARGEST_SIDE_PX / longest)
    if factor >= _LEAST_ENLARGED:
        yield View("enlarged", _scaled(rgb, factor, reader))
    if longest > LARGEST_SIDE_PX:
        yield View("in parts", _in_parts(rgb, reader))
        yield View("in parts, inverted", _in_parts(255 - rgb, reader))


def in_reading_order(lines: Sequence[ReadText]) -> tuple[ReadText, ...]:
    """Lines from top to bottom, and within a row from left to right, along the text's own slope."""
    if not lines:
        return ()
    slope = float(np.median([_slope(line) for line in lines]))
    turned = [(line, *_turned(_centre(line), -slope), _height(line)) for line in lines]
    turned.sort(key=lambda item: item[2])
    rows: list[list[tuple[ReadText, float, float, float]]] = []
    for item in turned:
        row = rows[-1] if rows else None
        if row is not None and abs(item[2] - row[-1][2]) < 0.5 * min(item[3], row[-1][3]):
            row.append(item)
        else:
            rows.append([item])
    return tuple(item[0] for row in rows for item in sorted(row, key=lambda item: item[1]))


def _whole(rgb: Pixels, reader: TextReader) -> tuple[ReadText, ...]:
    longest = max(rgb.shape[:2])
    return _scaled(rgb, min(1.0, LARGEST_SIDE_PX / longest), reader)


def _scaled(rgb: Pixels, factor: float, reader: TextReader) -> tuple[ReadText, ...]:
    if factor == 1:
        return in_reading_order(reader.read(rgb))
    size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
    shown = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    return in_reading_order([_moved(line, 0, 0, 1 / factor) for line in reader.read(shown)])


def _in_parts(rgb: Pixels, reader: TextReader) -> tuple[ReadText, ...]:
    """Overlapping parts at full size; a line that a part's edge cuts is left to the part that holds it whole."""
    height, width = rgb.shape[:2]
    found: list[ReadText] = []
    for top in _starts(height):
        for left in _starts(width):
            part = rgb[top : top + _PART_PX, left : left + _PART_PX]
            lines = [_moved(line, left, top, 1.0) for line in reader.read(part)]
            cuts = (left, top, left + part.shape[1], top + part.shape[0])
            found.extend(line for line in lines if not _is_cut(line, cuts, width, height))
    return in_reading_order(_without_doubles(found))


def _starts(side: int) -> list[int]:
    if side <= _PART_PX:
        return [0]
    count = math.ceil((side - _PART_OVERLAP_PX) / (_PART_PX - _PART_OVERLAP_PX))
    return [round(index * (side - _PART_PX) / (count - 1)) for index in range(count)]


def _is_cut(line: ReadText, cuts: tuple[int, int, int, int], width: int, height: int) -> bool:
    """Whether a line touches an edge of its part that is not an edge of the picture."""
    columns, rows = [x for x, _ in line.box], [y for _, y in line.box]
    left, top, right, bottom = cuts
    return (
        (left > 0 and min(columns) < left + 2)
        or (right < width and max(columns) > right - 2)
        or (top > 0 and min(rows) < top + 2)
        or (bottom < height and max(rows) > bottom - 2)
    )


def _without_doubles(lines: Sequence[ReadText]) -> list[ReadText]:
    """Of lines that lie on each other, the longest, and of those the most trusted."""
    kept: list[ReadText] = []
    for line in sorted(lines, key=lambda line: (-len(line.text), -line.confidence)):
        x, y = _centre(line)
        if not any(_holds(other, x, y) for other in kept):
            kept.append(line)
    return kept


def _holds(line: ReadText, x: float, y: float) -> bool:
    columns, rows = [corner[0] for corner in line.box], [corner[1] for corner in line.box]
    return min(columns) <= x <= max(columns) and min(rows) <= y <= max(rows)


def _moved(line: ReadText, left: float, top: float, factor: float) -> ReadText:
    first, second, third, fourth = ((left + x * factor, top + y * factor) for x, y in line.box)
    return ReadText(line.text, (first, second, third, fourth), line.confidence)


def _slope(line: ReadText) -> float:
    (left, top), (right, bottom) = line.box[0], line.box[1]
    return math.atan2(bottom - top, right - left)


def _centre(line: ReadText) -> Point:
    return sum(x for x, _ in line.box) / 4, sum(y for _, y in line.box) / 4


def _height(line: ReadText) -> float:
    return math.dist(line.box[0], line.box[3])


def _turned(point: Point, angle: float) -> Point:
    x, y = point
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def _over_grey(pixels: Pixels) -> Pixels:
    """The picture without alpha, over middle grey, on which both light and dark letters stand out."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.uint16)
    mixed: Pixels = ((pixels[..., :3] * alpha + 128 * (255 - alpha)) // 255).astype(np.uint8)
    return mixed
