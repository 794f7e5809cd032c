"""The book of paid calls: every call as its events tell it, and what all of them cost.

The events are the truth and stay in the store for good; the book is read from them and brought up to date by those
that came since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args

from renderlock.errors import Billed
from renderlock.spec.money import Cost, sum_by_currency
from renderlock.store.records import Event, TextPairs
from renderlock.store.store import Store

KIND = "call-"
"""Begins the kind of every event about a paid call."""
INTENT, ACCEPTED, ANSWERED, KEPT, FAILED, DECIDED = (
    f"{KIND}{what}" for what in ("intent", "accepted", "answered", "kept", "failed", "decided")
)
NOTE = "note."
"""Begins the name of a provider's own note among an event's fields."""

Purpose = Literal["render", "replay"]
Decision = Literal["retry", "give-up", "take"]
CallStanding = Literal["open", "answered", "kept", "failed", "given-up", "settled"]


@dataclass(frozen=True)
class CallRecord:
    """One paid call as it stands now: what its events say, the later over the earlier.

    `subject` is the digest of what was bought, `sent` when, `by` who decided about it, if anybody.
    """

    id: str
    subject: str
    sent: datetime
    fields: dict[str, str] = field(default_factory=dict)
    by: str = ""

    def after(self, event: Event) -> CallRecord:
        """The call with one more event told."""
        by = event.by if event.kind == DECIDED else self.by
        return CallRecord(self.id, self.subject, self.sent, {**self.fields, **dict(event.fields)}, by)

    def said(self, name: str) -> str:
        """What was said under a name (`model`, `says`, `process`, `resume`, `link`, `words` …); "" if nothing."""
        return self.fields.get(name, "")

    @property
    def standing(self) -> CallStanding:
        """Where the call stands; `settled` ones need nobody any more."""
        match self.said("decision"):
            case "retry":
                return "settled"
            case "give-up":
                return "given-up"
            case "take":
                return "kept"
        if self.said("failure"):
            return "settled" if self.billed == "no" else "failed"
        if self.said("picture"):
            return "kept"
        return "answered" if self.said("link") else "open"

    @property
    def needs_decision(self) -> bool:
        """Whether only a person can say how it goes on."""
        unknown = self.standing == "open" and not self.said("resume")
        return self.standing == "failed" or (unknown and self.billed != "no")

    @property
    def is_made_again(self) -> bool:
        """Whether the next run simply makes it again: nobody can be asked for it, and it costs nothing."""
        return self.standing == "open" and not self.said("resume") and self.billed == "no"

    @property
    def billed(self) -> Billed:
        """Whether the provider takes money for it, as far as anybody knows."""
        said = self.said("billed")
        known = [word for word in get_args(Billed) if word == said]
        return known[0] if known else ("maybe" if self.said("picture") == "" == self.said("link") else "yes")

    @property
    def notes(self) -> TextPairs:
        """What the provider said about the picture."""
        return tuple((name.removeprefix(NOTE), text) for name, text in self.fields.items() if name.startswith(NOTE))

    @property
    def cost(self) -> Cost | None:
        """What the provider took, or what the price note says; None where neither is known."""
        text = self.said("cost") or self.said("estimate")
        return Cost.parse(text) if text else None

    @property
    def spent(self) -> Cost | None:
        """What it cost, or may have cost; None where that is nothing or unknown."""
        return None if self.billed == "no" else self.cost

    @property
    def is_unpriced(self) -> bool:
        """Whether it took money, or may have, and nobody knows how much."""
        return self.billed != "no" and self.cost is None


@dataclass
class Book:
    """All calls of one store, by id in the order in which they were sent."""

    store: Store
    calls: dict[str, CallRecord] = field(default_factory=dict)
    _of: dict[str, list[str]] = field(default_factory=dict)
    _mark: int = 0

    def update(self) -> None:
        """Reads the events that came since the last time."""
        events, self._mark = self.store.events_of(KIND, self._mark)
        for event in events:
            name = dict(event.fields).get("call", "")
            if event.kind == INTENT:
                self.calls[name] = CallRecord(name, event.subject, event.at, dict(event.fields))
                self._of.setdefault(event.subject, []).append(name)
            elif name in self.calls:
                self.calls[name] = self.calls[name].after(event)

    def spent(self) -> dict[str, Decimal]:
        """What all calls cost by currency; those in flight or perhaps billed count by their price note."""
        return sum_by_currency(filter(None, (call.spent for call in self.calls.values())))

    def unpriced(self) -> int:
        """How many calls took money, or may have, of which nobody knows how much."""
        return sum(call.is_unpriced for call in self.calls.values())

    def standing_of(self, subject: str, purpose: Purpose) -> tuple[CallRecord, ...]:
        """The calls for one piece of work that are not settled, oldest first."""
        calls = (self.calls[name] for name in self._of.get(subject, ()))
        return tuple(call for call in calls if call.said("purpose") == purpose and call.standing != "settled")


def read_book(store: Store) -> Book:
    """The book of a store as it is now."""
    book = Book(store)
    book.update()
    return book
