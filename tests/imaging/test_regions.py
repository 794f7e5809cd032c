from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderlock.errors import InputUnusable
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Raster
from renderlock.imaging.regions import PictureReader, decode_large, shrink
from renderlock.imaging.sinks import PictureForm, open_sink


def noise(width: int, height: int, channels: int, kind: type[np.uint8 | np.uint16]) -> Raster:
    values = np.random.default_rng(5).integers(0, np.iinfo(kind).max, (height, width, channels), endpoint=True)
    return values.astype(np.uint8) if kind is np.uint8 else values.astype(np.uint16)


def write(path: Path, pixels: Raster, icc: bytes | None = None, texts: dict[str, str] | None = None) -> Path:
    with open_sink(path, PictureForm.of(pixels, icc, texts)) as sink:
        sink.write(pixels)
    return path


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_bands_are_the_picture_at_its_own_bits(
    tmp_path: Path, channels: int, kind: type[np.uint8 | np.uint16], ending: str
) -> None:
    pixels = noise(70, 90, channels, kind)
    reader = PictureReader(write(tmp_path / f"p.{ending}", pixels))

    read = np.concatenate(list(reader.bands(32)))

    assert read.dtype == kind
    assert (reader.width, reader.height, reader.channels) == (70, 90, channels)
    assert np.array_equal(read, pixels)


def test_a_region_is_read_from_anywhere(tmp_path: Path) -> None:
    pixels = noise(120, 80, 3, np.uint8)
    reader = PictureReader(write(tmp_path / "p.png", pixels), "regions")

    for left, top in ((90, 60), (0, 0), (30, 20)):
        assert np.array_equal(reader.read_region(left, top, 20, 15), pixels[top : top + 15, left : left + 20])
    assert reader.read_rows(5, 5).shape == (0, 120, 3)


def test_profile_and_texts_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "p.png", noise(8, 8, 3, np.uint8), texts={"Title": "Größe 東京", "a-b": "plain"})

    reader = PictureReader(path)

    assert reader.texts == {"Title": "Größe 東京", "a-b": "plain"}
    assert reader.icc is None


def test_a_turned_photograph_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(60, 40, 3, np.uint8)).save(tmp_path / "p.jpg", exif=exif, quality=95, subsampling=0)

    reader = PictureReader(tmp_path / "p.jpg")

    assert (reader.width, reader.height) == (40, 60)
    expected = decode_picture((tmp_path / "p.jpg").read_bytes())
    assert np.abs(np.concatenate(list(reader.bands(7))).astype(int) - expected).max() <= 3


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_what_is_no_whole_picture_is_named(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "p.png", noise(200, 200, 3, np.uint8))
    path.write_bytes(b"not a picture" if damage == "text" else path.read_bytes()[:5000])

    with pytest.raises(InputUnusable, match=r"p\.png"):
        list(PictureReader(path).bands())
    with pytest.raises(InputUnusable, match=r"p\.png"):
        shrink(path, 64)


def test_other_colours_are_refused(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8)).save(tmp_path / "p.tif")

    with pytest.raises(InputUnusable, match="cmyk"):
        PictureReader(tmp_path / "p.tif")


def test_a_picture_beyond_pillows_guard_is_decoded() -> None:
    pixels = np.zeros((9_000, 9_000, 1), np.uint8)
    pixels[4_500, 4_500:4_600] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(buffer, "PNG", compress_level=1)

    decoded = decode_picture(buffer.getvalue())

    assert decoded.shape == (9_000, 9_000, 3)
    assert decoded[4_500].sum() == 255 * 100 * 3


def test_bytes_that_are_no_picture_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="not in a known format"):
        decode_large(b"\x89PNG but no more")
