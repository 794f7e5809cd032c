from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.spec.recipe import Digest
from renderlock.spec.standing import Standing
from renderlock.store.address import ALPHABET, derive_address, read_prefix

DIGEST = Digest("rl1:" + "1" * 64)
BLOB = "2" * 64


def test_an_address_never_changes_for_the_same_render() -> None:
    assert derive_address(DIGEST, Standing.PRODUCTION, BLOB) == "rl-hg7s0wtz1ft3sx0n0dzn"
    assert derive_address(None, Standing.IMPORTED, BLOB) == "rl-ryaqca3wmfj9svfvftfq"


def test_recipe_standing_and_picture_each_change_the_address() -> None:
    addresses = {
        derive_address(DIGEST, Standing.PRODUCTION, BLOB),
        derive_address(None, Standing.PRODUCTION, BLOB),
        derive_address(DIGEST, Standing.SANDBOX, BLOB),
        derive_address(DIGEST, Standing.PRODUCTION, "3" * 64),
    }

    assert len(addresses) == 4


@given(st.text("0123456789abcdef", min_size=64, max_size=64))
def test_an_address_is_read_back_as_written_whatever_its_case(blob: str) -> None:
    address = derive_address(DIGEST, Standing.PRODUCTION, blob)

    assert read_prefix(address) == address
    assert read_prefix(address.upper()) == address
    assert set(address.removeprefix("rl-")) <= set(ALPHABET)


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert read_prefix("rl-OIl4a") == "rl-0114a"


@pytest.mark.parametrize("text", ["", "rl-abc", "abcd", "rl-abcu", "rl-" + "a" * 21, "rl1:abcd", "rl-ab cd"])
def test_what_is_no_beginning_of_an_address_is_none(text: str) -> None:
    assert read_prefix(text) is None
