"""Parts of picture files of any size, read without decoding the whole: row bands from top to bottom, or any region.

Reads what libvips reads, at the file's own 8 or 16 bits, upright. Load this module only where it is needed: libvips
takes longer to load than a run with nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pyvips

from renderlock.errors import InputUnusable
from renderlock.imaging.pixels import LARGEST_PICTURE_PX, Pixels, Raster

Access = Literal["rows", "regions"]
"""`rows`: only from top to bottom, in little memory; `regions`: anywhere, a compressed file being unpacked to disk."""

BAND_ROWS = 64
_UPRIGHT = 1
_KINDS = {"uchar": 8, "ushort": 16}
_PLAIN_COLOURS = {"srgb", "rgb", "rgb16", "b-w", "grey16", "multiband"}


class PictureReader:
    """A picture file that is read in parts; `width`, `height`, `channels` and `bits` (8 or 16) say what is in it.

    `icc` is its ICC profile, None where there is none. `texts` are the text chunks of a PNG file.
    """

    def __init__(self, path: Path, access: Access = "rows") -> None:
        """Opens the file; raises `InputUnusable` where it is not a picture, is too large, or of other colours."""
        self.path = path
        self._image = _open(path, access)
        self.width: int = self._image.width
        self.height: int = self._image.height
        self.channels: int = self._image.bands
        self.bits = _KINDS[self._image.format]
        has_profile = self._image.get_typeof("icc-profile-data") != 0
        self.icc: bytes | None = bytes(self._image.get("icc-profile-data")) if has_profile else None
        self.texts = _texts(self._image)

    def read_rows(self, top: int, bottom: int) -> Raster:
        """The rows from `top` up to `bottom`; with access `rows` each call begins where the last ended or below."""
        return self.read_region(0, top, self.width, bottom - top)

    def read_region(self, left: int, top: int, width: int, height: int) -> Raster:
        """A region as height x width x channels; raises `InputUnusable` where the file is damaged there."""
        shape = (height, width, self.channels)
        try:
            data = self._image.crop(left, top, width, height).write_to_memory() if height and width else b""
        except pyvips.Error as error:
            raise _unusable(self.path, error) from error
        if self.bits == 8:
            return np.frombuffer(data, np.uint8).reshape(shape)
        return np.frombuffer(data, np.uint16).reshape(shape)

    def bands(self, rows: int = BAND_ROWS) -> Iterator[Raster]:
        """The whole picture from top to bottom, `rows` at a time."""
        for top in range(0, self.height, rows):
            yield self.read_rows(top, min(top + rows, self.height))


def decode_large(data: bytes) -> Pixels:
    """8-bit RGB or RGBA pixels of an encoded picture, upright: for pictures larger than Pillow's guard lets through.

    Raises `ValueError` where the bytes are not a picture or hold too many pixels.
    """
    try:
        image = pyvips.Image.new_from_buffer(data, "", fail_on="error").autorot()
        if image.width * image.height > LARGEST_PICTURE_PX:
            raise ValueError(f"{image.width}x{image.height} pixels are too many")
        pixels: Pixels = image.colourspace("srgb").cast("uchar").numpy()
    except pyvips.Error as error:
        raise ValueError(_reason(error)) from error
    return pixels


def shrink(path: Path, side: int) -> Pixels:
    """The picture with its longest side at most `side`, as 8-bit sRGB with 3 or 4 channels; read as a stream.

    Raises `InputUnusable` where the file is not a picture.
    """
    try:
        small = pyvips.Image.thumbnail(
            str(path), side, height=side, size="down", output_profile="srgb", fail_on="error"
        )
        pixels: Pixels = small.colourspace("srgb").cast("uchar").numpy()
    except pyvips.Error as error:
        raise _unusable(path, error) from error
    return pixels


def _open(path: Path, access: Access) -> pyvips.Image:
    try:
        image = _load(path, access)
    except pyvips.Error as error:
        raise _unusable(path, error) from error
    if image.width * image.height > LARGEST_PICTURE_PX:
        raise _unusable(path, f"{image.width}x{image.height} pixels are too many")
    if image.bands > 4 or image.format not in _KINDS or image.interpretation not in _PLAIN_COLOURS:
        found = f"{image.bands} channels of {image.format} as {image.interpretation}"
        raise _unusable(path, f"it holds {found}; grey or RGB of 8 or 16 bits can be read")
    return image


def _load(path: Path, access: Access) -> pyvips.Image:
    rows = access == "rows"
    image = pyvips.Image.new_from_file(str(path), access="sequential" if rows else "random", fail_on="error")
    turned = image.get_typeof("orientation") != 0 and image.get("orientation") != _UPRIGHT
    if turned and rows:
        # A turned picture's first row may be the file's last column.
        image = pyvips.Image.new_from_file(str(path), access="random", fail_on="error")
    return image.autorot() if turned else image


def _texts(image: pyvips.Image) -> dict[str, str]:
    """The text chunks of a PNG, which libvips names `png-comment-NUMBER-KEY`."""
    names = [name for name in image.get_fields() if name.startswith("png-comment-")]
    return {name.split("-", 3)[3]: str(image.get(name)) for name in names}


def _unusable(path: Path, error: object) -> InputUnusable:
    reason = _reason(error) if isinstance(error, pyvips.Error) else error
    return InputUnusable(path=path, reason=reason, action="Give a PNG, TIFF, WebP or JPEG file.")


def _reason(error: pyvips.Error) -> str:
    """What libvips said, on one line."""
    return "; ".join(dict.fromkeys(str(error.detail or error.message).strip().splitlines()))
