"""The size an enlargement is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.actions.upscale_target import target_of
from renderlock.errors import RecipeError
from renderlock.spec.recipe import Size


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("4096", Size(4096, 3072)),
        ("4x", Size(4096, 3072)),
        ("2.5X", Size(2560, 1920)),
        ("2048x1536", Size(2048, 1536)),
        (2.0, Size(2048, 1536)),
        (Size(1024, 768), Size(1024, 768)),
    ],
)
def test_every_way_to_ask_names_a_size(asked: str | float | Size, expected: Size) -> None:
    assert target_of(asked, Size(1024, 768)) == expected


def test_the_longest_side_is_meant_in_tall_pictures_too() -> None:
    assert target_of("4096", Size(768, 1024)) == Size(3072, 4096)


@pytest.mark.parametrize(
    "asked", ["", "big", "4096x", "x4", "-2x", "0", "40000", "0x", "1e3", "2048x2048", "512", "0.5x"]
)
def test_what_is_no_size_or_would_stretch_is_refused(asked: str) -> None:
    with pytest.raises(RecipeError, match="to is"):
        target_of(asked, Size(1024, 768))


@given(width=st.integers(1, 4000), height=st.integers(1, 4000), side=st.integers(4001, 32768))
def test_a_longest_side_is_always_in_proportion(width: int, height: int, side: int) -> None:
    target = target_of(str(side), Size(width, height))
    assert max(target.width, target.height) == side
    assert min(target.width, target.height) >= 1
