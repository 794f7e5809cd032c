"""PNG files without their texts."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import encode_png
from renderlock.imaging.png_chunks import without_texts

PIXELS = np.arange(12 * 8 * 3, dtype=np.uint8).reshape(8, 12, 3)


@given(texts=st.dictionaries(st.text("abcdef", min_size=1, max_size=20), st.text(min_size=1), max_size=4))
def test_every_text_is_gone_and_every_pixel_stays(texts: dict[str, str]) -> None:
    bare = without_texts(encode_png(PIXELS, texts))

    with Image.open(io.BytesIO(bare)) as picture:
        assert not set(picture.info) & set(texts)
    assert (decode_picture(bare) == PIXELS).all()


def test_colour_stays() -> None:
    assert b"sRGB" in without_texts(encode_png(PIXELS, {"prompt": "x"}))


@given(data=st.binary())
def test_what_is_no_png_and_damaged_ends_come_back_without_an_error(data: bytes) -> None:
    assert without_texts(data) == data
    assert without_texts(encode_png(PIXELS, {}) + data).startswith(b"\x89PNG")
