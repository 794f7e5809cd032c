"""A picture file that is to be enlarged: its pixels at its own 8 or 16 bits, and the colour profile they are in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from renderlock.errors import InputUnusable
from renderlock.imaging.decoding import read_picture
from renderlock.imaging.pixels import Raster, digest_pixels
from renderlock.imaging.regions import PictureReader
from renderlock.spec.recipe import Size
from renderlock.upscalers.depth import in_8_bits, in_16_bits, joined

Bits = Literal[8, 16]

_COLOUR_SPACE = slice(16, 20)
"""Where an ICC profile says what its values are (ICC.1:2022, 7.2.6)."""


@dataclass(frozen=True)
class SourceFile:
    """A picture (H x W x 3|4) and its ICC profile, None where it has none or one of other values than RGB."""

    pixels: Raster
    icc: bytes | None

    @property
    def bits(self) -> Bits:
        """Of a value."""
        return 8 if self.pixels.dtype == np.uint8 else 16

    @property
    def size(self) -> Size:
        """In pixels."""
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def digest(self) -> str:
        """Of its pixels; no picture of 8 bits has that of one of 16."""
        return digest_pixels(np.ascontiguousarray(self.pixels).view(np.uint8))


def read_source(path: Path, bits: Bits | None = None) -> SourceFile:
    """The picture at its own bits, or at `bits`; raises `InputUnusable` where it cannot be read."""
    pixels = _read_16(path)
    if pixels is None:
        pixels = read_picture(path)
    if bits is not None:
        pixels = in_8_bits(pixels) if bits == 8 else in_16_bits(pixels)
    return SourceFile(pixels, _icc_of(path))


def _read_16(path: Path) -> Raster | None:
    """RGB or RGBA of 16 bits; None for any other picture, and for what libvips does not read."""
    try:
        reader = PictureReader(path)
    except InputUnusable:
        return None
    if reader.bits != 16:
        return None
    pixels = reader.read_rows(0, reader.height)
    if reader.channels >= 3:
        return pixels
    return joined([pixels[:, :, :1]] * 3 + [pixels[:, :, 1:]], axis=2)


def _icc_of(path: Path) -> bytes | None:
    try:
        with Image.open(path) as picture:
            profile = picture.info.get("icc_profile")
    except (OSError, Image.DecompressionBombError):
        profile = PictureReader(path).icc
    is_rgb = isinstance(profile, bytes) and profile[_COLOUR_SPACE] == b"RGB "
    return profile if is_rgb else None
