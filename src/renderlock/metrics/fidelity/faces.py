"""Where faces may be, so that the gate looks harder there: people see a changed face before anything else.

The detector ships with scikit-image (local binary patterns, from OpenCV); it finds upright faces from the front and
misses others. No package brings a network that tells whether two faces are the same person, so faces are compared as
pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, resources
from typing import Protocol, TypedDict

import numpy as np

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.reduction import opaque, shrink_within

_SEARCHED_SIDE_PX = 768
_SMALLEST_PX = 24
_AGREEING = 6
"""How many overlapping finds make a face; fewer find faces in cups of coffee."""


@dataclass(frozen=True)
class Face:
    """A square that may show a face, in pixels of the picture that was searched."""

    left: int
    top: int
    side: int

    def holds(self, other: Face) -> bool:
        """Whether the middle of the other face lies in this one."""
        x, y = other.left + other.side / 2, other.top + other.side / 2
        return self.left <= x <= self.left + self.side and self.top <= y <= self.top + self.side


FaceFinder = Callable[[Pixels], tuple[Face, ...]]


class _Found(TypedDict):
    r: int
    c: int
    width: int
    height: int


class _Cascade(Protocol):
    def detect_multi_scale(
        self,
        *,
        img: Pixels,
        scale_factor: float,
        step_ratio: float,
        min_size: tuple[int, int],
        max_size: tuple[int, int],
        min_neighbor_number: int,
    ) -> list[_Found]: ...


def find_faces(pixels: Pixels) -> tuple[Face, ...]:
    """The faces of H x W x 3|4 pixels, from the largest down; larger pictures are searched at 768 pixels a side."""
    small = shrink_within(opaque(pixels), _SEARCHED_SIDE_PX)
    # A face that fills the picture is only found with room around it.
    room = min(small.shape[:2]) // 3
    searched = np.ascontiguousarray(np.pad(small, ((room, room), (room, room), (0, 0)), mode="edge"))
    most = min(searched.shape[:2])
    if most < _SMALLEST_PX:
        return ()
    found = _cascade().detect_multi_scale(
        img=searched,
        scale_factor=1.2,
        step_ratio=1.0,
        min_size=(_SMALLEST_PX, _SMALLEST_PX),
        max_size=(most, most),
        min_neighbor_number=_AGREEING,
    )
    scale = pixels.shape[1] / small.shape[1]
    faces = [
        Face(
            left=max(0, round((one["c"] - room) * scale)),
            top=max(0, round((one["r"] - room) * scale)),
            side=round(one["width"] * scale),
        )
        for one in found
    ]
    faces.sort(key=lambda face: (-face.side, face.top, face.left))
    return tuple(face for number, face in enumerate(faces) if not any(other.holds(face) for other in faces[:number]))


@lru_cache(maxsize=1)
def _cascade() -> _Cascade:
    # Loaded late: it takes a third of a second, and only this check needs it.
    make = import_module("skimage.feature").Cascade
    with resources.as_file(resources.files("skimage").joinpath("data/lbpcascade_frontalface_opencv.xml")) as path:
        cascade: _Cascade = make(str(path))
    return cascade
