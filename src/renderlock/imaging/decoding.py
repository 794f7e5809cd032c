"""Picture files of any common format as pixels in memory, upright and without their metadata.

Pillow reads what it guards against decompression bombs; libvips, loaded only then, reads what is larger.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from renderlock.errors import InputUnusable
from renderlock.imaging.pixels import LARGEST_PICTURE_PX, Pixels

_GUARDED_PX = 80_000_000
"""Below the size at which Pillow warns of a decompression bomb; libvips reads what is larger."""

_UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    RuntimeError,  # a damaged AVIF
    struct.error,  # damaged EXIF
)
"""What Pillow raises, over its formats, for bytes that are no picture or a damaged one."""


def decode_picture(data: bytes) -> Pixels:
    """8-bit RGB or RGBA pixels of an encoded picture, upright, without its metadata.

    Raises `ValueError` where the bytes are not a picture Pillow reads, or hold too many pixels.
    """
    if _png_size_px(data) > _GUARDED_PX:
        return _decode_large(data)
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > LARGEST_PICTURE_PX:
                raise ValueError(f"{picture.width}x{picture.height} pixels are too many")
            upright = ImageOps.exif_transpose(picture)
            mode = "RGBA" if upright.has_transparency_data else "RGB"
            return np.asarray(upright.convert(mode))
    except Image.DecompressionBombError:
        return _decode_large(data)
    except UnidentifiedImageError as error:
        raise ValueError("it is no picture of a format that can be read") from error
    except _UNREADABLE as error:
        raise ValueError(str(error)) from error


def read_picture(path: Path) -> Pixels:
    """8-bit RGB or RGBA pixels of a picture file; raises `InputUnusable` where it cannot be read as one."""
    action = "Give a PNG, JPEG or WebP file."
    try:
        return decode_picture(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputUnusable(path=path, reason=error, action=action) from error


def _png_size_px(data: bytes) -> int:
    """Pixels that the header of a PNG file promises; 0 for another file."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        return 0
    width, height = struct.unpack(">II", data[16:24])
    return int(width * height)


def _decode_large(data: bytes) -> Pixels:
    # Imported here as it loads libvips, which takes longer than a whole run with nothing to do.
    from renderlock.imaging.regions import decode_large  # noqa: PLC0415

    return decode_large(data)
