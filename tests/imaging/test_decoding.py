"""Picture files as pixels: upright, and what is no picture is one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderlock.errors import InputUnusable
from renderlock.imaging.decoding import decode_picture, read_picture
from renderlock.imaging.pixels import encode_png


def test_a_picture_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    Image.fromarray(np.zeros((2, 5, 3), np.uint8)).save(path, exif=exif)
    assert read_picture(path).shape == (5, 2, 3)


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", encode_png(np.zeros((9, 9, 3), np.uint8), {})[:60]]
)
def test_bytes_that_are_no_picture_are_one_error_with_the_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(data)
    with pytest.raises(InputUnusable, match=r"broken\.png"):
        read_picture(path)


def test_what_is_no_picture_is_told_in_words_a_person_understands() -> None:
    with pytest.raises(ValueError, match="no picture of a format"):
        decode_picture(b"")
