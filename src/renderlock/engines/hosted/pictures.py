"""Pictures that came from a provider: proven by their bytes, measured before they are decoded, never trusted.

The media type is what the bytes say, not what a header says; a picture with too many pixels is refused by its header,
before a decoder could be made to fill the memory.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings

from PIL import Image

from renderlock.engines.hosted.options import Limits
from renderlock.errors import BadAnswer
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"WEBP", 8, "image/webp"),
    (b"GIF8", 0, "image/gif"),
    (b"ftypavif", 4, "image/avif"),
)


def sniff(data: bytes) -> str:
    """The media type by the first bytes; "" for anything that is not a picture we know."""
    return next((kind for mark, start, kind in _SIGNATURES if data[start : start + len(mark)] == mark), "")


def from_base64(text: str, model: str) -> bytes:
    """The bytes of a strict base64 text, a `data:` prefix allowed; raises `BadAnswer` where it is damaged."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadAnswer(model=model, reason=f"the picture is damaged base64 ({error})", billed="yes") from error


def prove(data: bytes, limits: Limits, model: str) -> str:
    """The media type of a picture file that may be decoded; raises `BadAnswer` for any other bytes."""
    media_type = sniff(data)
    if not media_type:
        reason = f"{len(data)} bytes that are no PNG, JPEG, WebP, GIF or AVIF picture"
        raise BadAnswer(model=model, reason=reason, billed="yes")
    if len(data) > limits.picture_bytes:
        reason = f"the picture has {len(data)} bytes, the most taken is {limits.picture_bytes}"
        raise BadAnswer(model=model, reason=reason, billed="yes")
    width, height = _sides(data, model)
    if width * height > limits.picture_pixels:
        reason = f"the picture says it is {width}x{height}, the most taken is {limits.picture_pixels} pixels"
        raise BadAnswer(model=model, reason=reason, billed="yes")
    return media_type


def decode(data: bytes, model: str) -> Pixels:
    """The pixels of a proven picture file; raises `BadAnswer` where it is damaged."""
    try:
        return decode_picture(data)
    except ValueError as error:
        raise BadAnswer(model=model, reason=f"the picture is damaged ({error})", billed="yes") from error


def _sides(data: bytes, model: str) -> tuple[int, int]:
    """Width and height by the file's header alone."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                return picture.size
    except Image.DecompressionBombError as error:
        raise BadAnswer(model=model, reason=f"the picture has too many pixels ({error})", billed="yes") from error
    except Exception as error:
        # Pillow raises many kinds over its formats; whatever it is, these bytes are no picture.
        raise BadAnswer(model=model, reason=f"the picture is damaged ({error})", billed="yes") from error
