"""Reads text in pictures: the port that checks use, and RapidOCR behind it, offline, with the models of its package.

RapidOCR is the extra `text`. It runs on one thread, so that the same pixels give the same words, and says nothing on
its own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from renderlock.errors import MissingDependency
from renderlock.imaging.pixels import Pixels

Point = tuple[float, float]

LARGEST_SIDE_PX = 1200
"""Larger pictures are read in parts: measured, one line alone on 1300 pixels of flat ground is overlooked."""


@dataclass(frozen=True)
class ReadText:
    """One line of text as it was read: its corners from the upper left, clockwise, in pixels, and the reader's trust.

    `confidence` is 0 to 1, by the reader's own account.
    """

    text: str
    box: tuple[Point, Point, Point, Point]
    confidence: float


class TextReader(Protocol):
    """Something that reads text in pictures."""

    def read(self, pixels: Pixels) -> tuple[ReadText, ...]:
        """The lines of text in H x W x 3 8-bit sRGB pixels, in no particular order; the same for the same pixels."""

    def knows(self, letter: str) -> bool:
        """Whether a letter is one of those the reader can answer with."""


class _Recogniser(Protocol):
    """As much of RapidOCR as is used."""

    def __call__(self, img_content: Pixels) -> object: ...


class RapidReader:
    """RapidOCR 3 with the detector and the recogniser that its package brings."""

    def __init__(self, recogniser: _Recogniser, letters: frozenset[str]) -> None:
        self._recogniser = recogniser
        self._letters = letters

    def read(self, pixels: Pixels) -> tuple[ReadText, ...]:
        """The lines of text; an empty picture has none."""
        answer = self._recogniser(np.ascontiguousarray(pixels[..., 2::-1]))
        boxes, texts, scores = (getattr(answer, name, None) for name in ("boxes", "txts", "scores"))
        if boxes is None or texts is None or scores is None:
            return ()
        return tuple(
            ReadText(str(text), _corners(box), float(score))
            for box, text, score in zip(boxes, texts, scores, strict=True)
        )

    def knows(self, letter: str) -> bool:
        """Whether the recogniser's alphabet has the letter."""
        return letter.isspace() or letter in self._letters


@lru_cache(maxsize=1)
def open_reader() -> TextReader:
    """The reader; raises `MissingDependency` where the extra `text` is not installed.

    Opened once a process, as its models take a second to load.
    """
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    try:
        package = import_module("rapidocr")
    except ImportError as error:
        raise MissingDependency(feature="Reading text in pictures", package="rapidocr", extra="text") from error
    models = Path(package.__file__ or "").parent / "models"
    detector, recogniser = _model(models, "det"), _model(models, "rec")
    options: dict[str, object] = {
        "Global.log_level": "error",
        # Telling text on its head costs a third model, and a banner on its head is not legible.
        "Global.use_cls": False,
        # Named files: a model that is looked up by name would be fetched where it is missing.
        "Det.model_path": str(detector),
        # Small pictures are not blown up by the reader: whoever checks shows them enlarged where that is needed.
        "Det.limit_type": "max",
        "Det.limit_side_len": LARGEST_SIDE_PX,
        "Rec.model_path": str(recogniser),
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return RapidReader(package.RapidOCR(params=options), _alphabet(recogniser))


@dataclass(frozen=True)
class LateReader:
    """Reads as `open_reader()` does, which is opened at the first picture: who only names a gate reads nothing."""

    def read(self, pixels: Pixels) -> tuple[ReadText, ...]:
        """The lines of text in a picture."""
        return open_reader().read(pixels)

    def knows(self, letter: str) -> bool:
        """Whether a letter is one of those the reader can answer with."""
        return open_reader().knows(letter)


def late_reader() -> LateReader:
    """The reader, not opened yet; raises `MissingDependency` as `open_reader` does."""
    package = find_spec("rapidocr")
    if package is None or package.origin is None:
        raise MissingDependency(feature="Reading text in pictures", package="rapidocr", extra="text")
    for task in ("det", "rec"):
        _model(Path(package.origin).parent / "models", task)
    return LateReader()


def _model(models: Path, task: str) -> Path:
    """The model file of a task; the name carries the version, which differs between releases."""
    found = sorted(models.glob(f"*_{task}_*.onnx"))
    if not found:
        package = f"rapidocr with its {task} model"
        raise MissingDependency(feature="Reading text in pictures", package=package, extra="text")
    return found[-1]


def _alphabet(recogniser: Path) -> frozenset[str]:
    """The letters in the metadata of the recogniser's model file."""
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(recogniser), options, providers=["CPUExecutionProvider"])
    letters = session.get_modelmeta().custom_metadata_map.get("character", "")
    return frozenset(letters.splitlines())


def _corners(box: Pixels) -> tuple[Point, Point, Point, Point]:
    first, second, third, fourth = ((float(x), float(y)) for x, y in box)
    return first, second, third, fourth
