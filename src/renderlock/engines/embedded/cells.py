"""The latent's geometry: a picture is computed in cells, and a window of a canvas knows where it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Latent = NDArray[np.float32]
"""Batch x channels x height x width, in cells."""


@dataclass(frozen=True)
class Cells:
    """Height and width of a latent, in cells."""

    height: int
    width: int

    @property
    def area(self) -> int:
        """How many cells it has."""
        return self.height * self.width


@dataclass(frozen=True)
class Place:
    """Where a window lies on its canvas, in cells."""

    top: int
    left: int
    canvas: Cells

    @classmethod
    def whole(cls, canvas: Cells) -> Place:
        """The window that is the whole canvas."""
        return cls(0, 0, canvas)
