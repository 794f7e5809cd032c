from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.imaging.collected import noise, photograph

from renderlock.imaging.pixels import Raster
from renderlock.imaging.regions import PictureReader
from renderlock.imaging.sinks import PictureForm, open_sink
from renderlock.imaging.sinks.png import BAND_BYTES, BAND_ROWS, PngEncoder, band_rows, combine_adler


def encode(pixels: Raster, *, piece: int = 1000, packed: bool = True, texts: dict[str, str] | None = None) -> bytes:
    """The bytes of a PNG, the rows written `piece` at a time."""
    buffer = io.BytesIO()
    encoder = PngEncoder(PictureForm.of(pixels, texts=texts), buffer.write, packed=packed)
    for top in range(0, len(pixels), piece):
        encoder.write(pixels[top : top + piece])
    encoder.close()
    return buffer.getvalue()


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of each chunk, the checksums proven."""
    found, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        body = data[place + 4 : place + 8 + length]
        assert zlib.crc32(body) == struct.unpack(">I", data[place + 8 + length : place + 12 + length])[0]
        found.append((body[:4], body[4:]))
        place += 12 + length
    return found


@settings(max_examples=settings().max_examples // 3)
@given(st.integers(1, 90), st.integers(1, 200), st.integers(1, 4), st.sampled_from([8, 16]), st.integers(1, 70))
def test_any_picture_in_any_pieces_reads_back(width: int, height: int, channels: int, bits: int, piece: int) -> None:
    pixels = noise(width, height, channels, bits=bits)
    data = encode(pixels, piece=piece)

    stream = zlib.decompress(b"".join(content for kind, content in chunks(data) if kind == b"IDAT"))

    assert len(stream) == height * (1 + width * channels * bits // 8)
    assert data == encode(pixels, piece=height)
    if bits == 8:
        with Image.open(io.BytesIO(data)) as picture:
            assert np.array_equal(np.asarray(picture).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("packed", [True, False])
def test_sixteen_bits_read_back_by_libvips(tmp_path: Path, packed: bool) -> None:
    pixels = noise(150, 140, 4, bits=16)
    (tmp_path / "p.png").write_bytes(encode(pixels, packed=packed))

    assert np.array_equal(PictureReader(tmp_path / "p.png").read_rows(0, 140), pixels)


def test_each_band_is_a_chunk_that_stands_alone() -> None:
    pixels = noise(50, 3 * BAND_ROWS)
    bands = [content for kind, content in chunks(encode(pixels)) if kind == b"IDAT"]

    assert len(bands) == 4
    assert len(zlib.decompressobj(-15).decompress(bands[1])) == BAND_ROWS * 151
    assert len(bands[3]) == 4


def test_photographs_are_little_larger_than_pillows_default() -> None:
    picture = photograph()
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")

    assert len(encode(picture)) < 1.1 * len(buffer.getvalue())


def test_texts_and_profile_are_written_as_other_readers_expect_them(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    texts = {"parameters": "a café", "title": "東京 🎨"}
    with open_sink(path, PictureForm(4, 4, 3, icc=b"profile", texts=texts)) as sink:
        sink.write(noise(4, 4))

    with Image.open(path) as picture:
        assert isinstance(picture, Image.Image)
        assert picture.info["parameters"] == "a café"
        assert picture.info["title"] == "東京 🎨"
        assert picture.info["icc_profile"] == b"profile"


def test_a_picture_without_profile_is_tagged_srgb() -> None:
    assert (b"sRGB", b"\0") in chunks(encode(noise(4, 4)))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_sums_of_parts_give_the_sum_of_the_whole(first: bytes, second: bytes) -> None:
    combined = combine_adler(zlib.adler32(first), zlib.adler32(second), len(second))

    assert combined == zlib.adler32(first + second)


@pytest.mark.parametrize(("width", "rows"), [(512, BAND_ROWS), (8192, BAND_BYTES // (3 * 8192)), (32_768, 16)])
def test_bands_of_wide_pictures_have_fewer_rows(width: int, rows: int) -> None:
    assert band_rows(PictureForm(width, 100, 3)) == rows
