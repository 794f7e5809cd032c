"""Faults as data: which calls they strike, and how they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.errors import UnknownName, UsageError
from renderlock.testing import FAULTS, Fault, parse_fault
from renderlock.testing.faults import Script


def test_a_fault_strikes_so_many_calls_from_the_nth_on() -> None:
    script = Script((Fault("server-error", nth=2, times=2),))

    struck = [bool(script.strike("generate")) for _ in range(5)]

    assert struck == [False, True, True, False, False]


def test_zero_times_is_for_ever() -> None:
    script = Script((Fault("server-error", times=0),))
    assert all(script.strike("generate") for _ in range(50))


def test_each_kind_of_call_is_counted_on_its_own() -> None:
    script = Script((Fault("slow-body", nth=2, on="picture"),))

    struck = [bool(script.strike(target)) for target in ("generate", "picture", "generate", "picture")]

    assert struck == [False, False, False, True]


def test_a_text_says_everything_a_value_can() -> None:
    assert parse_fault("slow-body:nth=2,times=3,seconds=0.5,on=picture") == Fault("slow-body", 2, 3, "picture", 0.5)


@given(
    name=st.sampled_from(sorted(FAULTS)),
    nth=st.integers(1, 100),
    times=st.integers(0, 100),
    seconds=st.floats(0, 100, allow_nan=False),
)
def test_every_fault_can_be_written_down_and_read_again(name: str, nth: int, times: int, seconds: float) -> None:
    assert parse_fault(f"{name}:nth={nth},times={times},seconds={seconds!r}") == Fault(name, nth, times, None, seconds)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        Fault("rate-limits")
    assert "rate-limit" in caught.value.advice


@pytest.mark.parametrize(
    "text", ["rate-limit:nth=0", "rate-limit:times=-1", "rate-limit:nth=x", "rate-limit:on=moon", "rate-limit:often=1"]
)
def test_a_count_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_fault(text)
