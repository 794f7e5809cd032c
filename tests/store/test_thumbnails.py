from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.store.layout import THUMBNAIL_SIDES, Layout
from renderlock.store.thumbnails import encode_thumbnail, write_thumbnails

BLOB = "a" * 64


def gradient(width: int, height: int, channels: int = 3) -> Pixels:
    row = np.linspace(0, 255, width, dtype=np.uint8)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (height, width, channels)))


@pytest.mark.parametrize(
    ("size", "shown"),
    [((1024, 768), (256, 192)), ((768, 1024), (192, 256)), ((40, 20), (40, 20)), ((2000, 1), (256, 1))],
)
def test_the_longest_side_is_as_asked_and_nothing_is_enlarged(size: tuple[int, int], shown: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(encode_thumbnail(gradient(*size), 256))) as picture:
        assert (picture.format, picture.size) == ("WEBP", shown)


def test_a_thumbnail_shows_the_picture_with_its_transparency() -> None:
    pixels = gradient(600, 300, channels=4)

    with Image.open(io.BytesIO(encode_thumbnail(pixels, 256))) as picture:
        shown = np.asarray(picture.convert("RGBA")).astype(int)

    expected = np.linspace(0, 255, 256)
    assert np.abs(shown[64, :, 3] - expected).max() <= 3


@pytest.mark.parametrize("width", [40, 300, 800])
def test_every_side_is_written_in_its_own_size(tmp_path: Path, width: int) -> None:
    layout = Layout(tmp_path)
    layout.tmp.mkdir()

    write_thumbnails(layout, BLOB, gradient(width, 10))

    for side in THUMBNAIL_SIDES:
        with Image.open(layout.thumbnail(BLOB, side)) as picture:
            assert picture.width == min(side, width)
    assert list(layout.tmp.iterdir()) == []
