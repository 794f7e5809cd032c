"""8 and 16 bits, there and back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from renderlock.upscalers.depth import in_8_bits, in_16_bits, levels_of, shares_of


@given(st.integers(0, 255))
def test_8_bits_come_back_from_16(level: int) -> None:
    pixel = np.full((1, 1, 3), level, np.uint8)
    assert (in_8_bits(in_16_bits(pixel)) == level).all()


@given(st.integers(0, 65535))
def test_16_bits_go_to_the_nearest_of_8(level: int) -> None:
    pixel = np.full((1, 1, 1), level, np.uint16)
    assert abs(int(in_8_bits(pixel)[0, 0, 0]) * 257 - level) <= 128
    assert (levels_of(shares_of(pixel), pixel) == level).all()


def test_what_has_8_bits_is_given_as_it_is() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    assert np.shares_memory(in_8_bits(pixels), pixels)
