"""Pixels: the digest is over what is seen, and what is written as PNG is read back."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, digest_pixels, encode_png, fit_to

pictures = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 4])).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


@given(pictures)
def test_a_png_gives_back_the_pixels_it_was_made_of(pixels: Pixels) -> None:
    assert np.array_equal(decode_picture(encode_png(pixels, {})), pixels)


@given(pictures, pictures)
def test_two_pictures_have_one_digest_only_if_they_are_equal(first: Pixels, second: Pixels) -> None:
    assert (digest_pixels(first) == digest_pixels(second)) == np.array_equal(first, second)


def test_the_digest_is_the_documented_one() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert digest_pixels(pixels) == hashlib.sha256(b"4x2x3\n" + bytes(range(24))).hexdigest()
    assert digest_pixels(pixels[:, ::-1]) != digest_pixels(pixels)


def test_metadata_of_any_language_is_kept_and_changes_no_pixel() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    data = encode_png(pixels, {"plain": "caf\u00e9", "wide": "苹果 🍎"})
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.info["plain"], picture.info["wide"]) == ("caf\u00e9", "苹果 🍎")
    assert digest_pixels(decode_picture(data)) == digest_pixels(pixels)


def test_fitting_covers_the_size_from_the_centre_over_white() -> None:
    pixels = np.zeros((4, 8, 4), np.uint8)
    pixels[:, 2:6] = (255, 0, 0, 255)
    fitted = fit_to(pixels, 4, 4)
    assert fitted.shape == (4, 4, 3)
    assert (fitted == (255, 0, 0)).all()
    assert (fit_to(np.zeros((4, 4, 4), np.uint8), 4, 4) == 255).all()
