"""Pixels in memory and in files: one 8-bit sRGB array type, its digest, and its PNG form.

The digest is over decoded pixels, so it does not change with a file's metadata or compression.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin

Pixels = NDArray[np.uint8]
"""Height x width x 3 (RGB) or 4 (RGB and alpha), 8 bits a channel, sRGB."""

Raster = NDArray[np.uint8] | NDArray[np.uint16]
"""Height x width x 1 (grey), 2 (grey and alpha), 3 or 4 channels of 8 or 16 bits each: what is merged and written."""


def colour_channels(channels: int) -> int:
    """How many of 1 to 4 channels are colour, without alpha."""
    return channels - 1 if channels in {2, 4} else channels


LARGEST_PICTURE_PX = 32_768 * 32_768
"""Pictures with more pixels are refused before they are decoded."""

_DIGEST_ROWS = 256


class PixelsDigest:
    """SHA-256 over shape and values of H x W x C pixels, row by row, taken as the rows come.

    Of 8 bits, and of 16, which are taken with the low byte first and said beside the shape.
    """

    def __init__(self, width: int, height: int, channels: int, bits: int = 8) -> None:
        depth = "" if bits == 8 else f"x{bits}"
        self._hash = hashlib.sha256(f"{width}x{height}x{channels}{depth}\n".encode())

    def update(self, rows: Raster) -> None:
        """Takes the next rows."""
        self._hash.update(np.ascontiguousarray(rows, dtype=rows.dtype.newbyteorder("<")).data)

    def hexdigest(self) -> str:
        """64 hexadecimal digits over all rows."""
        return self._hash.hexdigest()


def high_bytes(raster: Raster) -> Pixels:
    """The picture at 8 bits: of 16 the upper ones, as decoders of 8 bits read them."""
    return (raster >> 8 if raster.dtype == np.uint16 else raster).astype(np.uint8, copy=False)


def digest_pixels(pixels: Pixels) -> str:
    """SHA-256 (hex) over shape and values of H x W x C 8-bit pixels, C-contiguous, row by row."""
    height, width, channels = pixels.shape
    digest = PixelsDigest(width, height, channels)
    for top in range(0, height, _DIGEST_ROWS):
        digest.update(pixels[top : top + _DIGEST_ROWS])
    return digest.hexdigest()


def encode_png(pixels: Pixels, texts: Mapping[str, str]) -> bytes:
    """PNG bytes of H x W x 3|4 8-bit pixels with `texts` as metadata (iTXt where not Latin-1), tagged sRGB."""
    metadata = PngImagePlugin.PngInfo()
    metadata.add(b"sRGB", b"\0")
    for key, text in texts.items():
        metadata.add_text(key, text) if _is_latin(text) else metadata.add_itxt(key, text)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=metadata, compress_level=6)
    return buffer.getvalue()


def fit_to(pixels: Pixels, width: int, height: int) -> Pixels:
    """The picture scaled to cover `width` x `height` and cut to it from the centre, as RGB over white."""
    picture = Image.fromarray(pixels)
    if picture.mode == "RGBA":
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    fitted = ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    return np.asarray(fitted)


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
