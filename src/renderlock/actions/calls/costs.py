"""What a run would cost by the price notes, and what one has cost by the book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from renderlock.actions.calls.book import read_book
from renderlock.actions.calls.processes import this_process
from renderlock.actions.finals.links import Draw, Finish, Link, Tiled
from renderlock.actions.jobs import Job
from renderlock.actions.models import Models, names_engine
from renderlock.actions.plan import Planner
from renderlock.engines.base import Hosted
from renderlock.engines.hosted.prices import PriceNote, price_of
from renderlock.spec.money import Cost, sum_by_currency, total_of
from renderlock.spec.recipe import Size
from renderlock.store.store import Store


@dataclass(frozen=True)
class Spent:
    """What calls cost: the amounts above zero by currency, and how many calls have a price nobody knows."""

    amounts: Mapping[str, Decimal]
    unpriced: int

    def __str__(self) -> str:
        return total_of(self.amounts, unpriced=self.unpriced)

    def to_json(self) -> dict[str, object]:
        """The same as data; amounts are text, so that no reader rounds them."""
        spent = {currency: f"{amount:f}" for currency, amount in self.amounts.items()}
        return {"spent": spent, "unpriced_calls": self.unpriced}


@dataclass
class Spending:
    """What the calls that this process sent since this began cost, by currency; those that may be billed count.

    Others may be at the same store: their calls count in its budget, and in their own summaries.
    """

    store: Store
    _before: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._before = frozenset(read_book(self.store).calls)

    def since(self) -> Spent:
        """What they cost."""
        calls = read_book(self.store).calls.values()
        own = [call for call in calls if call.id not in self._before and call.said("process") == this_process()]
        amounts = sum_by_currency(filter(None, (call.spent for call in own)))
        above_zero = {currency: amount for currency, amount in amounts.items() if amount}
        return Spent(above_zero, sum(call.is_unpriced for call in own))


@dataclass(frozen=True)
class Purchase:
    """Pictures of one kind that a job buys: by which row of a price file, at what price (None: not known), how many."""

    model: str
    note: PriceNote | None
    count: int = 1


def cost_of(planner: Planner, job: Job) -> Cost | None:
    """What a job's pictures would cost by the price notes; None where it costs nothing or a price is not known."""
    return price_all(purchases_of(planner, job))


def price_all(purchases: Iterable[Purchase]) -> Cost | None:
    """What purchases cost together; None where there are none, or a price is not known."""
    costs = []
    for purchase in purchases:
        if purchase.note is None:
            return None
        costs.append(purchase.note.cost.times(purchase.count))
    if len({cost.currency for cost in costs if cost.amount}) > 1:
        return None
    currency = next((cost.currency for cost in costs if cost.amount), costs[0].currency if costs else "")
    return Cost(sum((cost.amount for cost in costs), Decimal(0)), currency) if costs else None


def purchases_of(planner: Planner, job: Job) -> Iterator[Purchase]:
    """What a job buys from providers: its pictures and tiles, and their enlargements by a provider's upscaler."""
    engine = planner.models.engine(job.reference) if job.step.role.renders else None
    if engine is not None and isinstance(engine, Hosted):
        for size, count in _pictures_of(job):
            yield Purchase(job.recipe.model.reference, engine.price(size), count)
    yield from enlargements_in(planner.models, job.route.links if job.route else ())


def enlargements_in(models: Models, links: Iterable[Link]) -> Iterator[Purchase]:
    """What of these links is bought from a provider's upscaler."""
    for link in links:
        if not isinstance(link, Draw | Tiled) and names_engine(link.name):
            yield from _enlargements(models, link)


def _enlargements(models: Models, link: Finish) -> Iterator[Purchase]:
    """The passes of a provider's upscaler, each as a picture of the size that is reached."""
    # Loaded here as upscalers bring libraries that a run without them does without.
    from renderlock.actions.finals.enlarged import Enlarge  # noqa: PLC0415
    from renderlock.upscalers.tiled import plan_enlargement  # noqa: PLC0415  # as above

    engine = models.engine(link.name)
    if not isinstance(engine, Hosted) or not isinstance(link, Enlarge):
        return
    identity = models.identity(link.name)
    passes = plan_enlargement(link.ways.upscaler.facts, link.source, link.cover).passes
    row = f"{identity.engine}:{identity.model}/upscale"
    own = engine.price(link.size)
    if own is not None and not own.cost.amount:  # A server of one's own.
        note: PriceNote | None = own
    else:
        note = price_of(row, link.size, models.options.hosted.prices)
    yield Purchase(row, note, max(1, len(passes)))


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
