from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.errors import RecipeError
from renderlock.spec.money import Cost, total_of

costs = st.builds(Cost, st.decimals(0, 10_000, places=4), st.sampled_from(["USD", "EUR", "JPY"]))


@given(costs)
def test_a_cost_is_read_back_from_json_and_from_its_text(cost: Cost) -> None:
    assert Cost.from_json(cost.to_json()) == cost
    assert Cost.parse(str(cost)) == cost


@pytest.mark.parametrize("text", ["", "0.08", "0.08 usd", "-1 USD", "NaN USD", "many USD", "0.08 US$", "0.08USD"])
def test_other_texts_are_no_cost(text: str) -> None:
    with pytest.raises(RecipeError):
        Cost.parse(text)


def test_totals_name_each_currency() -> None:
    assert total_of({"USD": Decimal("1.20"), "EUR": Decimal(3)}) == "3 EUR + 1.2 USD"
    assert total_of({}) == "nothing"
