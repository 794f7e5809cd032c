"""What a run would cost by the price notes, and what one has cost by the book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from renderlock.actions.calls.book import read_book
from renderlock.actions.finals.links import Draw, Tiled
from renderlock.actions.plan import Job, Planner
from renderlock.engines.base import Hosted
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Size
from renderlock.store.store import Store


@dataclass
class Spending:
    """What all calls of a store cost since this began, by currency; those that may be billed count."""

    store: Store
    _before: dict[str, Decimal] = field(init=False)

    def __post_init__(self) -> None:
        self._before = read_book(self.store).spent()

    def since(self) -> dict[str, Decimal]:
        """The amounts above zero."""
        now = read_book(self.store).spent()
        spent = {currency: amount - self._before.get(currency, Decimal(0)) for currency, amount in now.items()}
        return {currency: amount for currency, amount in spent.items() if amount}


def cost_of(planner: Planner, job: Job) -> Cost | None:
    """What a job's pictures would cost by the price notes; None where it costs nothing or a price is not known."""
    engine = planner.models.engine(job.reference)
    if not isinstance(engine, Hosted):
        return None
    costs = []
    for size, count in _pictures_of(job):
        note = engine.price(size)
        if note is None:
            return None
        costs.append(note.cost.times(count))
    return Cost(sum((cost.amount for cost in costs), Decimal(0)), costs[0].currency) if costs else None


def _pictures_of(job: Job) -> Iterator[tuple[Size, int]]:
    """Size and number of the pictures a job buys: one, or those of its route."""
    if job.route is None:
        yield job.recipe.size, 1
        return
    for link in job.route.links:
        match link:
            case Draw():
                yield link.size, 1
            case Tiled():
                yield Size(link.grid.tile_width, link.grid.tile_height), len(link.grid.tiles)
            case _:
                pass
