"""WebP thumbnails of renders: derived, so never forced to disk and made again whenever one is missing."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.store.layout import THUMBNAIL_SIDES, Layout

QUALITY = 82


def encode_thumbnail(pixels: Pixels, side: int) -> bytes:
    """WebP bytes of H x W x 3|4 8-bit pixels, the longest side at most `side` pixels; never enlarged."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY, method=2)
    return buffer.getvalue()


def shrink_file(path: Path) -> Pixels:
    """A picture file no larger than thumbnails need, read as a stream; raises `InputUnusable`."""
    # Imported here as it loads libvips, which takes longer than a whole run with nothing to do.
    from renderlock.imaging.regions import shrink  # noqa: PLC0415

    return shrink(path, max(THUMBNAIL_SIDES))


def write_thumbnails(layout: Layout, blob: str, pixels: Pixels) -> None:
    """Writes the thumbnails of a blob that are not there yet."""
    smaller: tuple[int, bytes] | None = None
    for side in THUMBNAIL_SIDES:
        path = layout.thumbnail(blob, side)
        if is_usable(path):
            continue
        shown = min(side, max(pixels.shape[:2]))
        data = smaller[1] if smaller and smaller[0] == shown else encode_thumbnail(pixels, side)
        smaller = (shown, data)
        _write(layout.new_temp("thumbnail", blob), path, data)


def is_usable(path: Path) -> bool:
    """Whether a thumbnail is there; an empty file is what a power failure leaves of one."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _write(temp: Path, target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        temp.write_bytes(data)
        temp.replace(target)
    finally:
        temp.unlink(missing_ok=True)
