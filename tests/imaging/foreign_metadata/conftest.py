"""Writes picture files as the tools do, with Pillow or byte by byte, so that no reader is tested by its own code."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

PngWriter = Callable[[Mapping[str, str]], bytes]
ExifWriter = Callable[[bytes, str], bytes]
ChunkWriter = Callable[[bytes, bytes], bytes]
PngMaker = Callable[[list[bytes]], bytes]


@pytest.fixture
def png_with() -> PngWriter:
    """A PNG with text chunks, written as A1111, ComfyUI, InvokeAI and renderlock do: by Pillow's `add_text`."""

    def write(texts: Mapping[str, str]) -> bytes:
        info = PngInfo()
        for key, text in texts.items():
            info.add_text(key, text)
        buffer = io.BytesIO()
        Image.new("RGB", (24, 16), "teal").save(buffer, "PNG", pnginfo=info)
        return buffer.getvalue()

    return write


@pytest.fixture
def chunk() -> ChunkWriter:
    """One PNG chunk: length, type, body, checksum."""

    def write(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return write


@pytest.fixture
def png_of(chunk: ChunkWriter) -> PngMaker:
    """A one-pixel PNG with the given chunks before its pixels."""

    def write(chunks: list[bytes]) -> bytes:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        pixels = chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
        return b"".join((b"\x89PNG\r\n\x1a\n", header, *chunks, pixels, chunk(b"IEND", b"")))

    return write


@pytest.fixture
def exif_with() -> ExifWriter:
    """An EXIF block with a UserComment in the Exif directory, in byte order `>` (piexif's) or `<` (ImageSharp's)."""

    def write(comment: bytes, order: str) -> bytes:
        head = (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, 8)
        first = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
        exif = struct.pack(order + "HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
        return b"Exif\0\0" + head + first + exif + comment

    return write


@pytest.fixture
def piexif_comment(exif_with: ExifWriter) -> Callable[[str], bytes]:
    """The EXIF block that A1111 writes by piexif: `UNICODE`, big-endian UTF-16, in a big-endian block."""
    return lambda text: exif_with(b"UNICODE\0" + text.encode("utf-16-be"), ">")
