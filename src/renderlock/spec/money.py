"""Money as exact decimal amounts in one currency; an amount never changes its currency here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Self

from renderlock.errors import RecipeError
from renderlock.spec.fields import JsonObject, text_at


@dataclass(frozen=True)
class Cost:
    """An amount of at least zero and its ISO 4217 currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.currency}"

    def times(self, count: int) -> Cost:
        """What that many cost."""
        return Cost(self.amount * count, self.currency)

    def to_json(self) -> JsonObject:
        """The cost as a sidecar holds it; the amount is text, so that no reader rounds it."""
        return {"amount": f"{self.amount:f}", "currency": self.currency}

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The cost a sidecar holds; raises `RecipeError` where it is not one."""
        return cls(_amount(text_at(fields, "amount")), text_at(fields, "currency"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cost a text such as `0.08 USD` names; raises `RecipeError` for any other text."""
        amount, _, currency = text.partition(" ")
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
            raise RecipeError(field="cost", found=repr(text), allowed="an amount and a currency, such as 0.08 USD")
        return cls(_amount(amount), currency)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise RecipeError(field="amount", found=repr(text), allowed="an amount of at least zero")
    return amount


def sum_by_currency(costs: Iterable[Cost]) -> dict[str, Decimal]:
    """The sum of the costs in each currency."""
    sums: dict[str, Decimal] = {}
    for cost in costs:
        sums[cost.currency] = sums.get(cost.currency, Decimal(0)) + cost.amount
    return sums


def total_of(costs: Mapping[str, Decimal], *, unpriced: int = 0) -> str:
    """Sums by currency as one text: `1.2 USD + 3 EUR`; `nothing` where there are none.

    `unpriced` calls of an unknown price are said beside them: `1.2 USD + 2 call(s) of unknown price`.
    """
    known = [str(Cost(amount, currency)) for currency, amount in sorted(costs.items())]
    unknown = [f"{unpriced} call(s) of unknown price"] if unpriced else []
    return " + ".join(known + unknown) or "nothing"
