"""Whether letters of the source still read the same once it is enlarged.

Both are read at the same size, so that a reader who is blind to small letters is blind to both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.reduction import opaque
from renderlock.metrics.text_match import compact, edit_distance
from renderlock.metrics.text_reader import LARGEST_SIDE_PX, Point, ReadText, TextReader
from renderlock.metrics.text_views import in_reading_order

_SURE = 0.8
"""Lines of the source that are read with less trust are not held against the result."""


@dataclass(frozen=True)
class TextChange:
    """One line of the source, how the result reads there, and the edits between them (spaces and case do not count)."""

    wanted: str
    read: str
    edits: int


@dataclass(frozen=True)
class TextCheck:
    """The lines that were read with trust in the source; `share` is edits over letters, 0 where there is no text."""

    lines: tuple[TextChange, ...]

    @property
    def share(self) -> float:
        """Letters that read otherwise, over all letters of the source."""
        letters = sum(len(compact(line.wanted)) for line in self.lines)
        return sum(line.edits for line in self.lines) / letters if letters else 0.0


def check_texts_kept(source: Pixels, result: Pixels, reader: TextReader) -> TextCheck:
    """What the reader reads in the source (plainly enlarged) and in the result; both at most 1600 pixels a side."""
    height, width = result.shape[:2]
    scale = min(1.0, LARGEST_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    before, after = (reader.read(_at(picture, size)) for picture in (source, result))
    sure = [line for line in in_reading_order(before) if line.confidence >= _SURE and compact(line.text)]
    return TextCheck(tuple(_change(line, after) for line in sure))


def _change(line: ReadText, after: tuple[ReadText, ...]) -> TextChange:
    there = in_reading_order([other for other in after if _within(_centre(other.box), line.box)])
    wanted, read = compact(line.text), compact("".join(other.text for other in there))
    return TextChange(line.text, " ".join(other.text for other in there), min(edit_distance(wanted, read), len(wanted)))


def _at(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(Image.fromarray(opaque(pixels)).resize(size, Image.Resampling.BICUBIC))


def _centre(box: tuple[Point, ...]) -> Point:
    return sum(x for x, _ in box) / len(box), sum(y for _, y in box) / len(box)


def _within(point: Point, box: tuple[Point, ...]) -> bool:
    (x, y), xs, ys = point, [one for one, _ in box], [two for _, two in box]
    return min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)
