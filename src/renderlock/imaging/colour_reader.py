"""Pictures in the working space, read in bands: sRGB rows of 8 or 16 bits, whatever profile the file is in.

Nothing holds the whole picture but for formats that cannot be read in rows. Load this module only where it is needed:
libvips takes longer to load than a run with nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyvips

from renderlock.errors import InputUnusable
from renderlock.imaging.colour import WorkingSpace, decode_managed, open_embedded
from renderlock.imaging.pixels import LARGEST_PICTURE_PX, Raster
from renderlock.imaging.png_chunks import has_chunk

_LOADERS = ("pngload", "jpegload", "tiffload", "webpload")
"""What can be read from top to bottom and is read as Pillow reads it; other formats are decoded whole, by Pillow."""

_BITS = {"uchar": 8, "ushort": 16}
_MODES = {"srgb": "RGB", "rgb": "RGB", "rgb16": "RGB", "b-w": "L", "grey16": "L", "cmyk": "CMYK"}
_COLOURS = {"RGB": 3, "L": 1, "CMYK": 4}
_UPRIGHT = 1
_UNTAGGED = "it carries no colour profile and was taken as sRGB"
_UNREAD = "its colour profile is damaged or does not fit it, and it was taken as sRGB"
_ACTION = "Give a PNG, TIFF, JPEG or WebP file."


class Picture(Protocol):
    """A picture in the working space, read in bands as often as needed."""

    @property
    def width(self) -> int:
        """In pixels."""

    @property
    def height(self) -> int:
        """In pixels."""

    @property
    def channels(self) -> int:
        """3, or 4 with alpha."""

    @property
    def bits(self) -> int:
        """8 or 16."""

    @property
    def profile(self) -> str:
        """The profile it came in."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known."""

    @property
    def is_plain(self) -> bool:
        """Whether its rows are the file's own 8-bit values."""

    def bands(self, rows: int) -> Iterator[Raster]:
        """The rows from top to bottom, `rows` at a time; each call begins anew."""


@dataclass(frozen=True)
class HeldPicture:
    """A picture in memory, H x W x 3|4 sRGB of 8 or 16 bits."""

    pixels: Raster
    profile: str = "sRGB"
    notes: tuple[str, ...] = ()
    is_plain: bool = True

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def channels(self) -> int:
        """With alpha 4."""
        return int(self.pixels.shape[2])

    @property
    def bits(self) -> int:
        """Of one channel."""
        return self.pixels.dtype.itemsize * 8

    def bands(self, rows: int) -> Iterator[Raster]:
        """Views of the rows."""
        for top in range(0, self.height, rows):
            yield self.pixels[top : top + rows]


@dataclass(frozen=True)
class FilePicture:
    """A picture in a file that is read from top to bottom."""

    path: Path
    width: int
    height: int
    channels: int
    bits: int
    profile: str
    notes: tuple[str, ...]
    _space: WorkingSpace = field(repr=False)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is converted."""
        return self.bits == 8 and not self._space.converts

    def bands(self, rows: int) -> Iterator[Raster]:
        """Rows as they are read; raises `InputUnusable` where the file is damaged there."""
        image = _load(self.path)
        region = pyvips.Region.new(image)
        colours = _COLOURS[_MODES[image.interpretation]]
        for top in range(0, self.height, rows):
            high = min(rows, self.height - top)
            try:
                data = region.fetch(0, top, self.width, high)
            except pyvips.Error as error:
                raise _unusable(self.path, _reason(error)) from error
            band = _levels(data, self.bits).reshape(high, self.width, image.bands)
            rgb = self._space.to_srgb(band[..., :colours])
            yield rgb if self.channels == 3 else np.concatenate([rgb, band[..., colours : colours + 1]], axis=2)


def open_picture(path: Path) -> Picture:
    """The picture of a file in the working space; raises `InputUnusable` where it is none, or too large.

    PNG, TIFF, JPEG and WebP are read in bands and keep 16 bits; what Pillow reads beside them is decoded whole.
    """
    try:
        image = _load(path)
    except pyvips.Error as error:
        return _held(path, error)
    if image.width * image.height > LARGEST_PICTURE_PX:
        raise _unusable(path, f"{image.width}x{image.height} pixels are too many")
    mode, bits = _MODES.get(image.interpretation), _BITS.get(image.format)
    colours = _COLOURS.get(mode or "", 0)
    if not image.get("vips-loader").startswith(_LOADERS) or not (mode and bits and 0 <= image.bands - colours <= 1):
        return _held(path, None)
    embedded = bytes(image.get("icc-profile-data")) if image.get_typeof("icc-profile-data") else b""
    try:
        space = open_embedded(embedded, mode, bits)
    except ValueError as error:
        raise _unusable(path, str(error)) from error
    notes = space.notes
    if not embedded and not has_chunk(path, b"sRGB"):
        # libpng leaves out a profile it cannot use, without an error.
        notes = (_UNREAD if has_chunk(path, b"iCCP") else _UNTAGGED, *notes)
    channels = 3 + image.bands - colours
    return FilePicture(path, image.width, image.height, channels, bits, space.profile, notes, space)


def _held(path: Path, error: pyvips.Error | None) -> Picture:
    try:
        managed = decode_managed(path.read_bytes())
    except (OSError, ValueError) as second:
        reason = _reason(error) if error is not None and isinstance(second, OSError) else str(second)
        raise _unusable(path, reason) from second
    plain = not any(note.startswith("converted") for note in managed.notes)
    return HeldPicture(managed.pixels, managed.profile, managed.notes, plain)


def _levels(data: bytes, bits: int) -> Raster:
    return np.frombuffer(data, np.uint8) if bits == 8 else np.frombuffer(data, np.uint16)


def _load(path: Path) -> pyvips.Image:
    image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="error")
    if image.get_typeof("orientation") == 0 or image.get("orientation") == _UPRIGHT:
        return image
    # A turned picture's first row may be the file's last column.
    return pyvips.Image.new_from_file(str(path), access="random", fail_on="error").autorot()


def _unusable(path: Path, reason: object) -> InputUnusable:
    return InputUnusable(path=path, reason=reason, action=_ACTION)


def _reason(error: pyvips.Error) -> str:
    return "; ".join(dict.fromkeys(str(error.detail or error.message).strip().splitlines()))
