"""The journal of paid calls, kept as events of the store; also where a budget says stop.

An intent is written, then looked at together with all others: of two processes at the same picture, or over the same
budget, at most one goes on, and who steps back has sent nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from renderlock.actions.calls.book import ACCEPTED, ANSWERED, FAILED, INTENT, KEPT, NOTE, Book, CallRecord, Purpose
from renderlock.actions.calls.processes import runs_elsewhere, this_process
from renderlock.engines.hosted.journal import Past, Work
from renderlock.errors import (
    Billed,
    BudgetExceeded,
    CallInFlight,
    CurrencyMismatch,
    PriceUnknown,
    RenderlockError,
)
from renderlock.spec.money import Cost
from renderlock.store.records import Encoded, NewEvent, TextPairs
from renderlock.store.store import Store

BY = "renderlock"
NOTICE = "model-notice"
"""The kind of the event that keeps what a provider said about a model's end."""


@dataclass
class StoreJournal:
    """The journal in one store, for one purpose; threads may share it.

    `budget` is the most that all calls of the store may cost together, None for no limit.
    """

    store: Store
    budget: Cost | None = None
    purpose: Purpose = "render"
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _book: Book | None = None
    _noticed: set[tuple[str, TextPairs]] = field(default_factory=set)
    _subjects: dict[str, str] = field(default_factory=dict)
    _reserved: dict[str, Cost] = field(default_factory=dict)

    def recall(self, subject: str) -> Past | None:
        """The earlier call for this work that still stands; see `Journal`."""
        with self._lock:
            standing = self._read().standing_of(subject, self.purpose)
        for call in reversed(standing):
            if call.standing in ("open", "answered") and runs_elsewhere(call.said("process")):
                raise CallInFlight(model=call.said("model"), process=call.said("process"))
            if call.standing != "kept" or not self._is_used(call):
                self._subjects[call.id] = subject
                return self._past(call)
        return None

    def intend(self, work: Work, estimate: Cost | None, *, call: str, resume: str) -> None:
        """Writes the intent, or raises and leaves nothing owed; see `Journal`."""
        fields = {
            "model": work.model,
            "says": work.says,
            "purpose": self.purpose,
            "process": this_process(),
            "resume": resume,
            "estimate": "" if estimate is None else str(estimate),
            "billed": "no" if work.is_free else "",
        }
        self._subjects[call] = work.subject
        self._reserve(work, estimate, call)
        try:
            self._write(INTENT, work.subject, call, fields)
        finally:
            with self._lock:
                self._reserved.pop(call, None)
        try:
            with self._lock:
                self._refuse_second(work, call)
                self._refuse_over_budget(work, estimate, coming=0)
        except RenderlockError as error:
            self._write(FAILED, work.subject, call, _failure(type(error).__name__, str(error), "no"))
            raise

    def accepted(self, call: str, resume: str) -> None:
        """Keeps the provider's id; see `Journal`."""
        self._tell(ACCEPTED, call, {"resume": resume})

    def answered(self, call: str, *, notes: TextPairs, cost: Cost | None, link: str) -> None:
        """Keeps the link of a paid picture; see `Journal`."""
        self._tell(ANSWERED, call, {"link": link, **_taken(notes, cost)})

    def keep(self, call: str, picture: bytes, media_type: str, *, notes: TextPairs, cost: Cost | None) -> None:
        """Keeps the bytes of a paid picture; see `Journal`."""
        sha256 = self.store.keep_blob(Encoded(picture, media_type))
        self._tell(KEPT, call, {"picture": sha256, "media_type": media_type, **_taken(notes, cost)})

    def failed(self, call: str, *, kind: str, words: str, billed: Billed, evidence: bytes) -> None:
        """Keeps why there is no picture, and the answer nobody could read; see `Journal`."""
        fields = _failure(kind, words, billed)
        if evidence:
            fields["evidence"] = self.store.keep_blob(Encoded(evidence, "application/octet-stream"))
        self._tell(FAILED, call, fields)

    def noticed(self, model: str, notice: TextPairs) -> None:
        """Keeps what a provider said about a model's end, once; see `Journal`."""
        with self._lock:
            if (model, notice) in self._noticed:
                return
            known = {event.fields for event in self.store.events(model) if event.kind == NOTICE}
            if notice not in known:
                self.store.append(NewEvent(NOTICE, model, BY, datetime.now(UTC), notice))
            self._noticed.add((model, notice))

    def _read(self) -> Book:
        if self._book is None:
            self._book = Book(self.store)
        self._book.update()
        return self._book

    def _tell(self, kind: str, call: str, fields: Mapping[str, str]) -> None:
        self._write(kind, self._subjects[call], call, fields)

    def _write(self, kind: str, subject: str, call: str, fields: Mapping[str, str]) -> None:
        named = {name: text for name, text in fields.items() if text}
        self.store.append(NewEvent(kind, subject, BY, datetime.now(UTC), tuple({"call": call, **named}.items())))

    def _refuse_second(self, work: Work, call: str) -> None:
        for other in self._read().standing_of(work.subject, self.purpose):
            if other.id != call and runs_elsewhere(other.said("process")):
                raise CallInFlight(model=work.model, process=other.said("process"))

    def _reserve(self, work: Work, estimate: Cost | None, call: str) -> None:
        """Holds the money of a call until its intent is in the book; writing takes long and goes on side by side."""
        with self._lock:
            self._refuse_over_budget(work, estimate, coming=1)
            if estimate is not None:
                self._reserved[call] = estimate

    def _refuse_over_budget(self, work: Work, estimate: Cost | None, *, coming: int) -> None:
        """Raises where so many more pictures at this price would pass the budget."""
        budget = self.budget
        if budget is None:
            return
        if estimate is None:
            raise PriceUnknown(model=work.price_row or work.model, budget=budget)
        if estimate.currency != budget.currency:
            raise CurrencyMismatch(model=work.model, budget=budget.currency, price=estimate.currency)
        book = self._read()
        # A call that is written but still held counts once.
        held = sum((cost.amount for call, cost in self._reserved.items() if call not in book.calls), Decimal(0))
        spent = Cost(book.spent().get(budget.currency, Decimal(0)) + held, budget.currency)
        if spent.amount + estimate.amount * coming > budget.amount:
            raise BudgetExceeded(budget=budget, spent=spent, price=estimate, model=work.model)

    def _is_used(self, call: CallRecord) -> bool:
        """Whether a kept picture has become a render, or was only to be compared, and so waits for nobody."""
        return self.purpose == "replay" or bool(self.store.standings_of(call.said("picture")))

    def _past(self, call: CallRecord) -> Past:
        standing = call.standing
        assert standing != "settled"
        kept = standing == "kept"
        media_type = call.said("media_type")
        return Past(
            call=call.id,
            state=standing,
            resume=call.said("resume"),
            link=call.said("link"),
            picture=self.store.blob(call.said("picture"), media_type) if kept else b"",
            media_type=media_type,
            notes=call.notes,
            cost=call.cost,
            words=call.said("words"),
            billed=call.billed,
            by=call.by,
        )


def _failure(kind: str, words: str, billed: Billed) -> dict[str, str]:
    return {"failure": kind, "words": words, "billed": billed}


def _taken(notes: TextPairs, cost: Cost | None) -> dict[str, str]:
    named = {f"{NOTE}{name}": text for name, text in notes}
    return {**named, "cost": "" if cost is None else str(cost)}
