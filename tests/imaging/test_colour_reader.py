"""Pictures read in bands: every kind of file gives what Pillow and lcms make of the whole."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms
from skimage import data

from renderlock.errors import InputUnusable
from renderlock.imaging.colour import decode_managed, open_profile
from renderlock.imaging.colour_reader import FilePicture, HeldPicture, open_picture
from renderlock.imaging.pixels import Raster

P3 = open_profile("DisplayP3").data
CMYK: bytes = pyvips.Operation.call("profile_load", "cmyk")
PHOTO = Image.fromarray(data.coffee()[:150, :200])
TURNED = Image.Exif()
TURNED[0x112] = 6


def with_alpha() -> Image.Image:
    picture = PHOTO.convert("RGBA")
    picture.putalpha(PHOTO.convert("L"))
    return picture


def in_cmyk() -> Image.Image:
    srgb, cmyk = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(CMYK))
    converted = ImageCms.profileToProfile(PHOTO, srgb, cmyk, outputMode="CMYK")
    assert converted is not None
    return converted


FILES: dict[str, Callable[[Path], None]] = {
    "photo.png": PHOTO.save,
    "photo.jpg": lambda path: PHOTO.save(path, quality=85),
    "turned.jpg": lambda path: PHOTO.save(path, exif=TURNED),
    "p3.jpg": lambda path: PHOTO.save(path, icc_profile=P3),
    "p3-alpha.png": lambda path: with_alpha().save(path, icc_profile=P3),
    "cmyk.jpg": lambda path: in_cmyk().save(path, icc_profile=CMYK),
    "cmyk.tif": lambda path: in_cmyk().save(path, icc_profile=CMYK),
    "guessed.jpg": lambda path: in_cmyk().save(path),
    "grey.png": lambda path: PHOTO.convert("L").save(path),
    "one.png": lambda path: PHOTO.convert("1").save(path),
    "grey-alpha.png": lambda path: with_alpha().convert("LA").save(path),
    "palette.png": lambda path: PHOTO.quantize(16).save(path, transparency=3),
    "keyed.png": lambda path: PHOTO.save(path, transparency=(0, 0, 0)),
    "strips.tif": lambda path: PHOTO.save(path, compression="tiff_lzw"),
    "alpha.webp": lambda path: with_alpha().save(path, lossless=True),
    "photo.gif": PHOTO.save,
    "photo.bmp": PHOTO.save,
}


def read(path: Path, rows: int) -> Raster:
    return np.concatenate(list(open_picture(path).bands(rows)))


@pytest.mark.parametrize("name", FILES)
def test_bands_are_the_rows_that_pillow_gives_of_the_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    FILES[name](path)

    picture, whole = open_picture(path), decode_managed(path.read_bytes())

    assert (read(path, 37) == whole.pixels).all()
    assert (picture.width, picture.height, picture.channels) == (*whole.pixels.shape[1::-1], whole.pixels.shape[2])
    assert (picture.profile, set(picture.notes)) == (whole.profile, set(whole.notes))
    assert isinstance(picture, HeldPicture if path.suffix in {".gif", ".bmp"} else FilePicture)


@pytest.mark.parametrize("name", ["wide.png", "wide.tif"])
def test_sixteen_bits_are_kept(tmp_path: Path, name: str) -> None:
    wide = data.coffee()[:150, :200].astype(np.uint16) * 256 + 77
    pyvips.Image.new_from_array(wide).copy(interpretation="rgb16").write_to_file(str(tmp_path / name))

    assert open_picture(tmp_path / name).bits == 16
    assert (read(tmp_path / name, 41) == wide).all()


@pytest.mark.parametrize("name", ["photo.jpg", "photo.tif", "photo.webp"])
def test_a_damaged_profile_is_an_error_with_the_file(tmp_path: Path, name: str) -> None:
    PHOTO.save(tmp_path / name, icc_profile=b"no profile at all" * 20)

    with pytest.raises(InputUnusable, match=r"photo\.\w+ cannot be used: its colour profile"):
        open_picture(tmp_path / name)


def test_a_damaged_profile_that_the_png_decoder_leaves_out_is_said(tmp_path: Path) -> None:
    PHOTO.save(tmp_path / "photo.png", icc_profile=b"no profile at all" * 20)

    assert open_picture(tmp_path / "photo.png").notes == (
        "its colour profile is damaged or does not fit it, and it was taken as sRGB",
    )


def test_a_file_that_is_cut_short_is_an_error_with_its_name(tmp_path: Path) -> None:
    PHOTO.save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:20_000])

    with pytest.raises(InputUnusable, match=r"cut\.png"):
        read(tmp_path / "cut.png", 37)


def test_what_is_no_picture_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")

    with pytest.raises(InputUnusable, match=r"notes\.txt"):
        open_picture(tmp_path / "notes.txt")
