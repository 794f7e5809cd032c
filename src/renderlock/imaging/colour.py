"""Colour profiles in and out: every picture is worked on as sRGB, and written with the profile asked for.

A picture that carries no profile is taken as sRGB, and that is said. Conversions are lcms2's, relative colorimetric
with black point compensation (ICC.1:2022, section 6.2.2 and annex D).
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from renderlock.errors import InputUnusable
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, Raster

_LARGEST_PROFILE_BYTES = 16 * 2**20
_PROFILE_KEY = "icc_profile"
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_ACTION = "Name sRGB, DisplayP3, or an RGB profile file (.icc)."


@dataclass(frozen=True)
class Profile:
    """A colour profile to write pictures in: its name, and its bytes, empty for sRGB, which PNG names by a chunk."""

    name: str
    data: bytes = b""

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


SRGB = Profile("sRGB")


@dataclass(frozen=True)
class WorkingSpace:
    """How rows of a picture become sRGB: from its profile, or from its mode alone.

    `mode` is `RGB`, `L` or `CMYK`, `embedded` the profile that is converted from, empty where nothing is.
    """

    mode: str
    bits: int
    profile: str
    notes: tuple[str, ...] = ()
    embedded: bytes = b""

    @property
    def converts(self) -> bool:
        """Whether colours change."""
        return bool(self.embedded) or self.mode == "CMYK"

    def to_srgb(self, rows: Raster) -> Raster:
        """H x W x 3 sRGB of the same bits; H x W x 1, 3 or 4 values of the mode go in."""
        if self.embedded and self.bits == 16:
            return _wide_converted(rows, self.embedded)
        if not self.converts:
            return rows if rows.shape[2] == 3 else rows[..., [0, 0, 0]]
        picture = Image.fromarray(np.ascontiguousarray(rows[..., 0] if self.mode == "L" else rows), self.mode)
        if not self.embedded:
            return np.asarray(picture.convert("RGB"))
        profile = ImageCms.ImageCmsProfile(io.BytesIO(self.embedded))
        space = _PROFILE_MODES[profile.profile.xcolor_space.strip()]
        converted = ImageCms.applyTransform(picture.convert(space), _transform(profile, _srgb(), space))
        return np.asarray(converted)


@dataclass(frozen=True)
class Managed:
    """A picture in the working space: 8-bit sRGB pixels, what it came in, and what is to be said about that."""

    pixels: Pixels
    profile: str
    notes: tuple[str, ...] = ()


def open_profile(name: str) -> Profile:
    """The profile of `sRGB`, `DisplayP3`, or of a file; raises `InputUnusable` for anything else."""
    if name.lower() == "srgb":
        return SRGB
    if name.lower() in ("displayp3", "display-p3"):
        return Profile("DisplayP3", _display_p3())
    path = Path(name)
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_PROFILE_BYTES)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space = profile.profile.xcolor_space.strip()
    except (OSError, ImageCms.PyCMSError) as error:
        raise InputUnusable(path=name, reason=f"it is no colour profile ({error})", action=_ACTION) from error
    if space != "RGB":
        raise InputUnusable(path=name, reason=f"it is a profile for {space}, not for RGB", action=_ACTION)
    return Profile(_description(profile) or path.stem, data)


def open_embedded(embedded: bytes, mode: str, bits: int) -> WorkingSpace:
    """How a picture of that mode with that profile (empty: none) becomes sRGB.

    Raises `ValueError` where the profile is damaged, or for another kind of picture.
    """
    if not embedded:
        guessed = ("it is CMYK without a profile, so its colours are a guess",) if mode == "CMYK" else ()
        if mode == "CMYK" and bits == 16:
            raise ValueError("it is CMYK of 16 bits without a profile")
        return WorkingSpace(mode, bits, "sRGB", guessed)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        name = _description(profile) or "an unnamed profile"
        space = _PROFILE_MODES.get(profile.profile.xcolor_space.strip())
        if space is None or (bits == 16 and space != mode):
            raise ValueError(f"a profile for {profile.profile.xcolor_space.strip()} is not supported here")
        if _is_srgb(embedded):
            return WorkingSpace(mode, bits, "sRGB")
        _transform(profile, _srgb(), space)
    except (OSError, ImageCms.PyCMSError) as error:
        raise ValueError(f"its colour profile cannot be used: {error}") from error
    return WorkingSpace(mode, bits, name, (f"converted from {name} to sRGB",), embedded)


def decode_managed(data: bytes) -> Managed:
    """The 8-bit sRGB pixels of a picture file, converted from the profile it carries.

    Raises `ValueError` where the bytes are no picture, or its profile is damaged or for another kind of picture.
    """
    with io.BytesIO(data) as stream:
        embedded, mode, tagged = _facts(stream)
    if embedded is None:
        notes = [] if tagged else ["it carries no colour profile and was taken as sRGB"]
        if mode == "CMYK":
            notes.append("it is CMYK without a profile, so its colours are a guess")
        if mode.startswith(("I;16", "I", "F")):
            notes.append("it has more than 8 bits a channel, and was reduced to 8")
        return Managed(decode_picture(data), "sRGB", tuple(notes))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
    except (OSError, ImageCms.PyCMSError) as error:
        msg = f"its colour profile cannot be used: {error}"
        raise ValueError(msg) from error
    try:
        name = _description(profile) or "an unnamed profile"
        if _is_srgb(embedded):
            return Managed(decode_picture(data), "sRGB")
        return Managed(_converted(data, profile), name, (f"converted from {name} to sRGB",))
    except ImageCms.PyCMSError as error:
        msg = f"its colour profile cannot be used: {error}"
        raise ValueError(msg) from error


def convert_to(pixels: Raster, profile: Profile) -> Raster:
    """H x W x 3|4 sRGB of 8 or 16 bits as values of another RGB profile; alpha stays."""
    if profile == SRGB:
        return pixels
    if pixels.dtype == np.uint16:
        colours = _wide_converted(pixels[..., :3], b"", profile)
        return np.concatenate([colours, pixels[..., 3:]], axis=2)
    transform = _transform(_srgb(), ImageCms.ImageCmsProfile(io.BytesIO(profile.data)), "RGB")
    converted = pixels.copy()
    rows = max(1, 4_000_000 // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        band = np.ascontiguousarray(pixels[top : top + rows, :, :3])
        converted[top : top + rows, :, :3] = np.asarray(ImageCms.applyTransform(Image.fromarray(band), transform))
    return converted


def _facts(stream: io.BytesIO) -> tuple[bytes | None, str, bool]:
    """The embedded profile, the mode, and whether the file itself says that it is sRGB; nothing for no picture."""
    try:
        with Image.open(stream) as picture:
            embedded = picture.info.get(_PROFILE_KEY)
            return embedded or None, picture.mode, "srgb" in picture.info
    except (OSError, SyntaxError, RuntimeError, ValueError):
        return None, "", True  # What is wrong is said when it is decoded.


def _converted(data: bytes, profile: ImageCms.ImageCmsProfile) -> Pixels:
    with Image.open(io.BytesIO(data)) as opened:
        picture = ImageOps.exif_transpose(opened)
        alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
        mode = _PROFILE_MODES.get(profile.profile.xcolor_space.strip())
        if mode is None:
            reason = f"a profile for {profile.profile.xcolor_space.strip()} is not supported"
            raise ValueError(reason)
        rgb = ImageCms.applyTransform(picture.convert(mode), _transform(profile, _srgb(), mode))
    assert rgb is not None
    if alpha is not None:
        rgb.putalpha(alpha)
    return np.asarray(rgb)


def _transform(
    source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile, mode: str
) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        source,
        target,
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


@lru_cache(maxsize=16)
def _is_srgb(data: bytes) -> bool:
    """Whether a profile gives the colours of sRGB, to one level: such pixels are left bit for bit."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    if profile.profile.xcolor_space.strip() != "RGB":
        return False
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(27, 27, 3)
    there = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), _transform(profile, _srgb(), "RGB")))
    return bool(np.abs(there.astype(np.int16) - cube).max() <= 1)


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=1)
def _display_p3() -> bytes:
    """The compact Display P3 profile (CC0) that libvips brings."""
    import pyvips  # noqa: PLC0415 - loaded where it is needed, not with renderlock

    data: bytes = pyvips.Operation.call("profile_load", "p3")
    return data


def _wide_converted(rows: Raster, source: bytes, target: Profile | None = None) -> NDArray[np.uint16]:
    """Rows of 16 bits from one profile to another, by libvips; empty and None are sRGB."""
    import pyvips  # noqa: PLC0415 - loaded where it is needed, not with renderlock

    height, width, channels = rows.shape
    data = np.ascontiguousarray(rows).tobytes()
    image = pyvips.Image.new_from_memory(data, width, height, channels, "ushort")
    image = image.copy(interpretation={1: "grey16", 3: "rgb16", 4: "cmyk"}[channels])
    with ExitStack() as stack:
        names = [_named(stack, profile) for profile in (source, b"" if target is None else target.data)]
        converted = image.icc_transform(
            names[1],
            input_profile=names[0],
            depth=16,
            intent="relative",
            black_point_compensation=True,
        )
        return np.frombuffer(converted.write_to_memory(), np.uint16).reshape(height, width, 3)


def _named(stack: ExitStack, profile: bytes) -> str:
    """A profile as libvips takes it: by name, or as a file while the stack lasts."""
    if not profile:
        return "srgb"
    path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="renderlock-icc-"))) / "profile.icc"
    path.write_bytes(profile)
    return str(path)


def _description(profile: ImageCms.ImageCmsProfile) -> str:
    return " ".join((profile.profile.profile_description or "").split())
