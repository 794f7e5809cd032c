from __future__ import annotations

import gzip
import io
import json

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from renderlock.imaging.foreign_metadata.base import LARGEST_TEXT_BYTES
from renderlock.imaging.foreign_metadata.containers import read_texts

INFOTEXT = "a lighthouse, 灯台\nSteps: 20, Sampler: Euler a, Seed: 7"


def bits_of(signature: str, payload: bytes, length: int | None = None) -> list[int]:
    """Signature, length in bits, payload: as SwarmUI's MetadataHelper puts them together."""
    size = len(payload) * 8 if length is None else length
    data = signature.encode() + size.to_bytes(4, "big") + payload
    return [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]


def hidden(bits: list[int], channels: tuple[int, ...], mode: str, width: int = 200) -> NDArray[np.uint8]:
    """A noisy picture with the bits in the lowest bit of the channels, down the columns, one pixel after another."""
    depth = len(mode)
    pixels = np.random.default_rng(5).integers(0, 256, (64, width, depth), dtype=np.uint8)
    places = ((x, y, channel) for x in range(width) for y in range(64) for channel in channels)
    for (x, y, channel), bit in zip(places, bits, strict=False):
        pixels[y, x, channel] = pixels[y, x, channel] & 0xFE | bit
    return pixels


def encoded(pixels: NDArray[np.uint8], kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, lossless=True, exact=True)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize(
    ("signature", "channels", "mode"),
    [
        ("stealth_pnginfo", (3,), "RGBA"),
        ("stealth_pngcomp", (3,), "RGBA"),
        ("stealth_rgbinfo", (0, 1, 2), "RGB"),
        ("stealth_rgbcomp", (0, 1, 2), "RGB"),
        ("stealth_rgbcomp", (0, 1, 2), "RGBA"),
    ],
)
def test_a_text_hidden_in_the_lowest_bits_is_read(
    kind: str, signature: str, channels: tuple[int, ...], mode: str
) -> None:
    payload = gzip.compress(INFOTEXT.encode()) if signature.endswith("comp") else INFOTEXT.encode()
    data = encoded(hidden(bits_of(signature, payload), channels, mode), kind)

    assert read_texts(data).texts == {"parameters": INFOTEXT}


def test_novelais_hidden_keys_come_apart() -> None:
    keys = {"Software": "NovelAI", "Source": "NovelAI Diffusion V4 37442FCA", "Comment": '{"uc": "", "seed": 3}'}
    payload = gzip.compress(json.dumps(keys).encode())
    data = encoded(hidden(bits_of("stealth_pngcomp", payload), (3,), "RGBA"))

    assert read_texts(data).texts == keys


@pytest.mark.parametrize("length", [0, 7, 2**32 - 1, 64 * 200])
def test_a_length_that_cannot_be_true_gives_no_text(length: int) -> None:
    data = encoded(hidden(bits_of("stealth_pnginfo", b"text", length), (3,), "RGBA"))

    assert read_texts(data).texts == {}


def test_a_hidden_bomb_is_left_out_and_noted() -> None:
    bomb = gzip.compress(b"a" * (LARGEST_TEXT_BYTES + 1))
    found = read_texts(encoded(hidden(bits_of("stealth_pngcomp", bomb), (3,), "RGBA", width=2000)))

    assert found.texts == {}
    assert found.notes == ("the text in the pixels: more than 8 MiB of text, not read",)


def test_pixels_are_not_looked_at_where_the_file_has_texts() -> None:
    pixels = hidden(bits_of("stealth_pnginfo", INFOTEXT.encode()), (3,), "RGBA")
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0131] = "a painter"
    Image.fromarray(pixels).save(buffer, "PNG", exif=exif)

    assert read_texts(buffer.getvalue()).texts == {"Software": "a painter"}


def test_a_plain_noisy_picture_hides_nothing() -> None:
    assert read_texts(encoded(hidden([], (3,), "RGBA"))).texts == {}
