"""Pictures with text on them, and readers that answer what a test tells them to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.text_reader import ReadText

FONTS = Path(str(files("renderlock.actions"))) / "projects" / "campaign" / "fonts"
Colour = tuple[int, int, int]
PAPER, INK, CREAM, NIGHT = (245, 243, 235), (20, 20, 30), (235, 235, 225), (20, 22, 30)


def lettered(
    text: str,
    *,
    size_px: int = 40,
    ink: Colour = INK,
    paper: Colour | None = PAPER,
    box: tuple[int, int] = (460, 110),
    at: tuple[int, int] = (20, 28),
) -> Pixels:
    """The text in the campaign's heaviest face; without paper, over a photograph."""
    ground = data.coffee()[100 : 100 + box[1], 60 : 60 + box[0]]
    picture = Image.fromarray(np.ascontiguousarray(ground)) if paper is None else Image.new("RGB", box, paper)
    font = ImageFont.truetype(str(FONTS / "RedHatDisplay-Black.ttf"), size_px)
    stroke = 0 if paper is not None else 2
    ImageDraw.Draw(picture).text(at, text, font=font, fill=ink, stroke_width=stroke, stroke_fill=NIGHT)
    return np.asarray(picture)


def line(text: str, left: float = 10, top: float = 10, *, height: float = 20, trust: float = 0.99) -> ReadText:
    """A line as a reader gives it, ten pixels a letter."""
    right, bottom = left + 10 * len(text), top + height
    return ReadText(text, ((left, top), (right, top), (right, bottom), (left, bottom)), trust)


@dataclass
class ToldReader:
    """Answers the next of the given lists of lines with each view, the last again and again; counts the views."""

    answers: Sequence[Sequence[ReadText]]
    unknown: str = ""
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def read(self, pixels: Pixels) -> tuple[ReadText, ...]:
        self.shapes.append(pixels.shape)
        return tuple(self.answers[min(len(self.shapes), len(self.answers)) - 1])

    def knows(self, letter: str) -> bool:
        return letter not in self.unknown
