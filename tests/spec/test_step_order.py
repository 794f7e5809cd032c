from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from renderlock.spec.step_order import first_cycle, ordered_names

_NAMES = [f"s{number}" for number in range(8)]
_NEEDS = st.fixed_dictionaries({name: st.lists(st.sampled_from(_NAMES), max_size=3, unique=True) for name in _NAMES})


def test_names_that_need_nothing_stay_as_written() -> None:
    assert ordered_names({"b": [], "a": [], "c": []}) == ("b", "a", "c")


def test_a_name_comes_right_where_its_needs_are_met() -> None:
    assert ordered_names({"last": ["b"], "a": [], "b": []}) == ("a", "b", "last")


def test_needs_that_are_no_names_are_passed_over() -> None:
    assert ordered_names({"a": ["nobody"]}) == ("a",)


@given(_NEEDS)
def test_every_name_comes_after_its_needs_or_a_cycle_is_found(needs: dict[str, list[str]]) -> None:
    order = ordered_names(needs)
    cycle = first_cycle(needs)

    assert all(order.index(need) < order.index(name) for name in order for need in needs[name])
    assert bool(cycle) == (len(order) < len(needs))
    assert all(later in needs[name] for name, later in pairwise(cycle))
    assert cycle[:1] == cycle[-1:]
