"""What a run would cost by the price notes, and what one has cost by the book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from renderlock.actions.calls.book import read_book
from renderlock.actions.calls.processes import this_process
from renderlock.actions.finals.links import Draw, Tiled
from renderlock.actions.plan import Job, Planner
from renderlock.engines.base import Hosted
from renderlock.spec.money import Cost, sum_by_currency
from renderlock.spec.recipe import Size
from renderlock.store.store import Store


@dataclass
class Spending:
    """What the calls that this process sent since this began cost, by currency; those that may be billed count.

    Others may be at the same store: their calls count in its budget, and in their own summaries.
    """

    store: Store
    _before: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._before = frozenset(read_book(self.store).calls)

    def since(self) -> dict[str, Decimal]:
        """The amounts above zero."""
        calls = read_book(self.store).calls.values()
        own = (call for call in calls if call.id not in self._before and call.said("process") == this_process())
        spent = sum_by_currency(filter(None, (call.spent for call in own)))
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
