from __future__ import annotations

import math

import pytest

from renderlock.errors import RecipeError, UnknownName
from renderlock.spec.verdict import Measure, Verdict


def test_a_verdict_passes_only_if_every_measure_is_within_its_limits() -> None:
    good = Measure("seam", 1.0, "step over the seam", most=1.05)
    bad = Measure("notch", 0.8, "detail in the seam band", least=0.97, most=1.03)

    assert Verdict("seam", (good,)).passed
    assert not Verdict("seam", (good, bad)).passed
    assert Verdict("seam", (good, bad)).failures == (bad,)


def test_a_value_that_is_no_number_never_passes() -> None:
    assert not Measure("seam", math.nan, "step over the seam").passes


def test_a_verdict_comes_back_from_the_fields_of_its_event() -> None:
    verdict = Verdict("text", (Measure("found", 0.5, "share of texts read", least=1.0),), ("no reader for Thai",))

    assert Verdict.from_pairs(dict(verdict.to_pairs())) == verdict


def test_a_value_that_is_no_number_comes_back_as_one() -> None:
    verdict = Verdict("seam", (Measure("seam", math.inf, "step over the seam"),))

    (measure,) = Verdict.from_pairs(dict(verdict.to_pairs())).measures

    assert math.isnan(measure.value)


def test_a_teams_own_limit_takes_the_place_of_the_one_that_binds() -> None:
    verdict = Verdict("seam", (Measure("step", 1.2, "step", most=1.05), Measure("detail", 0.9, "detail", least=0.95)))

    assert verdict.with_limits({"step": 1.3, "detail": 0.8}).passed
    assert not verdict.with_limits({"step": 1.3}).passed


@pytest.mark.parametrize("name", ["stepp", "note"])
def test_a_limit_that_would_not_bind_is_refused(name: str) -> None:
    verdict = Verdict("seam", (Measure("step", 1.2, "step", most=1.05), Measure("note", 0.9, "no limit")))

    with pytest.raises(UnknownName, match=name):
        verdict.with_limits({name: 1.0})


def test_fields_that_hold_no_verdict_are_refused() -> None:
    with pytest.raises(RecipeError, match="result"):
        Verdict.from_pairs({"gate": "seam", "result": "{", "notes": ""})
