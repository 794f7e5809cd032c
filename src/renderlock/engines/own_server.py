"""What holds for servers of one's own: their pictures cost nothing, so no call of theirs is ever owed.

A call that failed, or whose run was killed, is simply made again; what came is kept and taken up as with any provider.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from renderlock.engines.base import EngineOptions
from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.journal import Journal, Past, TextPairs, Work
from renderlock.engines.hosted.prices import PriceNote
from renderlock.errors import Billed, CurrencyMismatch, EngineError, HostedError
from renderlock.spec.money import Cost

NOTHING = Decimal(0)
_ENDED = "the run that sent it ended before the answer came; it cost nothing"


@dataclass(frozen=True)
class OwnJournal:
    """A journal in which nothing is billed; a call that can be asked for by its id stays open until it is."""

    inner: Journal

    def recall(self, subject: str) -> Past | None:
        """As the journal does, but a call that nobody can ask for any more is over."""
        past = self.inner.recall(subject)
        if past is None or past.state != "open" or past.resume:
            return past
        self.failed(past.call, kind="Ended", words=_ENDED, billed="no", evidence=b"")
        return None

    def intend(self, work: Work, estimate: Cost | None, *, call: str, resume: str) -> None:
        """Writes the intent; nothing is nothing in the budget's currency too."""
        free = replace(work, is_free=True)
        try:
            self.inner.intend(free, estimate, call=call, resume=resume)
        except CurrencyMismatch as error:
            nothing = Cost(NOTHING, str(error.facts["budget"]))
            self.inner.intend(free, nothing, call=call, resume=resume)

    def accepted(self, call: str, resume: str) -> None:
        """As the journal does."""
        self.inner.accepted(call, resume)

    def answered(self, call: str, *, notes: TextPairs, cost: Cost | None, link: str) -> None:
        """As the journal does."""
        self.inner.answered(call, notes=notes, cost=cost, link=link)

    def keep(self, call: str, picture: bytes, media_type: str, *, notes: TextPairs, cost: Cost | None) -> None:
        """As the journal does."""
        self.inner.keep(call, picture, media_type, notes=notes, cost=cost)

    def failed(self, call: str, *, kind: str, words: str, billed: Billed, evidence: bytes) -> None:
        """Whatever came of it, nothing was paid."""
        del billed
        self.inner.failed(call, kind=kind, words=words, billed="no", evidence=evidence)

    def noticed(self, model: str, notice: TextPairs) -> None:
        """As the journal does."""
        self.inner.noticed(model, notice)


def without_bills(options: EngineOptions) -> EngineOptions:
    """The options with a journal in which nothing is billed."""
    hosted = options.hosted
    return replace(options, hosted=replace(hosted, journal=OwnJournal(hosted.journal)))


@contextmanager
def owing_nothing() -> Iterator[None]:
    """Turns the errors within into ones of calls that are not billed."""
    try:
        yield
    except HostedError as error:
        facts = {name: fact for name, fact in error.facts.items() if name != "billed"}
        raise type(error)(billed="no", **facts) from error


def reason_in(error: EngineError) -> str:
    """What an error says, to stand in another's sentence about the same model."""
    return str(error).removeprefix(f"{error.facts.get('model', '')}: ").rstrip(".")


def glancing(channel: Channel) -> Channel:
    """The same way to the server for looks that must not hold anything up: one attempt, ten seconds."""
    patience = replace(channel.options.patience, connect_s=5.0, answer_s=10.0, attempts=1)
    return replace(channel, options=replace(channel.options, patience=patience))


def free_of_charge(model: str) -> PriceNote:
    """The price note of a picture from one's own server."""
    return PriceNote(model, Cost(NOTHING, "USD"), "2026-11-23", "your own server")
