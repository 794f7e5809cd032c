"""Texts hidden in the lowest bits of the pixels: "stealth pnginfo", as A1111 forks, SwarmUI and NovelAI write it.

Bits run down the columns from the top left: the lowest bit of alpha (or of red, green, blue in turn), most
significant first: a 15-byte signature, the payload's length in bits (32-bit), the payload, gzip where it says `comp`.
It survives sites that strip metadata, and only lossless files can hold it.
"""

from __future__ import annotations

import io
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from renderlock.imaging.foreign_metadata.base import LARGEST_TEXT_BYTES
from renderlock.imaging.foreign_metadata.collected import CollectedTexts
from renderlock.imaging.foreign_metadata.json_text import compact, parse_map

MOST_PIXELS = 64_000_000
_SIGNATURE_BYTES = 15
_HEAD_BYTES = _SIGNATURE_BYTES + 4
_ALPHA = {b"stealth_pnginfo": False, b"stealth_pngcomp": True}
_COLOUR = {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True}
_LOSSLESS = ("image/png", "image/webp")


def read_stealth(data: bytes, media_type: str, into: CollectedTexts) -> None:
    """Collects the hidden text of a lossless picture of at most `MOST_PIXELS`, under the keys its tool uses."""
    if media_type not in _LOSSLESS or into.size is None or not 0 < into.size[0] * into.size[1] <= MOST_PIXELS:
        return
    if media_type == "image/webp" and b"VP8L" not in data[:4096]:
        return
    pixels = _pixels(data)
    if pixels is None:
        return
    channels = ((pixels[..., 3:], _ALPHA), (pixels[..., :3], _COLOUR)) if pixels.shape[2] == 4 else ((pixels, _COLOUR),)
    for plane, signatures in channels:
        payload = _hidden_bytes(plane, signatures)
        if len(payload) > LARGEST_TEXT_BYTES:
            into.leave_out("the text in the pixels")
        elif payload:
            _add_payload(payload.decode("utf-8", "replace"), into)
            return


def _pixels(data: bytes) -> NDArray[np.uint8] | None:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.mode not in ("RGB", "RGBA"):
                return None
            return np.asarray(picture)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, RuntimeError, Image.DecompressionBombError):
        return None


def _hidden_bytes(plane: NDArray[np.uint8], signatures: dict[bytes, bool]) -> bytes:
    """The bytes in the lowest bits of H x W x C 8-bit values, inflated to just over the limit at most; else none."""
    head = _bytes_from_bits(plane, 0, _HEAD_BYTES)
    signature = head[:_SIGNATURE_BYTES]
    if signature not in signatures:
        return b""
    length = int.from_bytes(head[_SIGNATURE_BYTES:], "big") // 8
    if not 0 < length <= min(LARGEST_TEXT_BYTES, plane.size // 8 - _HEAD_BYTES):
        return b""
    payload = _bytes_from_bits(plane, _HEAD_BYTES, length)
    if signatures[signature]:
        try:
            payload = zlib.decompressobj(wbits=31).decompress(payload, LARGEST_TEXT_BYTES + 1)
        except zlib.error:
            return b""
    return payload


def _bytes_from_bits(plane: NDArray[np.uint8], start: int, count: int) -> bytes:
    """`count` bytes from byte `start` of the lowest bits, column by column; only the columns needed are touched."""
    height, _, channels = plane.shape
    first = start * 8 // (height * channels)
    last = -(-(start + count) * 8 // (height * channels))
    columns = plane[:, first:last].swapaxes(0, 1).reshape(-1) & 1
    begin = start * 8 - first * height * channels
    return np.packbits(columns[begin : begin + count * 8]).tobytes()


def _add_payload(text: str, into: CollectedTexts) -> None:
    """NovelAI hides all its PNG keys as one JSON object, the others hide the text of `parameters`."""
    fields = parse_map(text)
    if fields is None or "Comment" not in fields:
        into.add("parameters", text)
        return
    for key, value in fields.items():
        into.add(key, compact(value))
