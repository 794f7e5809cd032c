"""Buying one picture so that it is paid once: first what is known from earlier, then the intent, then the request.

The order is: recall, intend (durable), send, keep the bytes (durable), and only then look at them. Whoever is killed in
between leaves a call that the next run finds; it repeats nothing that may have been paid unless a person says so.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn, Protocol, assert_never

from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.faults import may_be_billed
from renderlock.engines.hosted.fetching import fetch_picture
from renderlock.engines.hosted.journal import Past, Work
from renderlock.engines.hosted.pictures import decode, prove, sniff
from renderlock.engines.hosted.wire import Answer, TextPairs, WireRequest
from renderlock.errors import (
    BadAnswer,
    CallGivenUp,
    HostedError,
    MayBeBilled,
    NoPicture,
    PictureElsewhere,
    PictureExpired,
    ProviderFailed,
    ProviderTimeout,
    RenderlockError,
    SafetyBlocked,
    TransportFailed,
)
from renderlock.imaging.pixels import Pixels
from renderlock.spec.money import Cost

_LOOK_AGAIN_S = 0.1
_OUTCOME_UNKNOWN = (ProviderTimeout, TransportFailed, ProviderFailed, BadAnswer)


@dataclass(frozen=True)
class Obtained:
    """What an adapter got for a request: the picture's own bytes (or those of other goods), or the link they are at.

    `notes` are the provider's facts about it under fixed names where they apply (`seed`, `prompt`, `resolution`,
    `model_version`, `request_id`); `cost` is what the provider says it costs, None where it says nothing.
    """

    picture: bytes = field(default=b"", repr=False)
    link: str = ""
    notes: TextPairs = ()
    cost: Cost | None = None


@dataclass
class Call:
    """One paid call while it is made; `id` is a UUID, under which a provider that allows it can be asked again.

    `intend` writes the intent and is None once that is done; `was_accepted` tells that the provider gave `resume`.
    """

    id: str
    channel: Channel
    on_wait: Callable[[], None]
    resume: str = ""
    answer: Answer | None = None
    intend: Callable[[], None] | None = None
    was_accepted: bool = False

    @property
    def is_intended(self) -> bool:
        """Whether the intent is written."""
        return self.intend is None

    def start(self) -> None:
        """Writes the intent, once."""
        if self.intend is not None:
            self.intend()
            self.intend = None

    def send(self, request: WireRequest) -> Answer:
        """The provider's success to the request that is paid for."""
        self.answer = self.channel.send(request, on_wait=self.on_wait, on_start=self.start)
        return self.answer

    def ask(self, request: WireRequest) -> Answer:
        """The provider's success to a request that costs nothing, such as a look at progress."""
        return self.channel.send(request, billable=False)

    def accepted(self, resume: str) -> None:
        """Writes down the id under which the provider can be asked for this picture again."""
        self.resume, self.was_accepted = resume, True
        self.channel.options.journal.accepted(self.id, resume)

    def wait(self, seconds: float) -> None:
        """Waits between two looks; a stop that was asked for ends the wait at once."""
        until = time.monotonic() + seconds
        self.on_wait()
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_AGAIN_S))
            self.on_wait()


class Deal(Protocol):
    """How an adapter gets one picture, and how it asks for one that was bought earlier."""

    def obtain(self, call: Call) -> Obtained:
        """Buys the picture."""

    def resume(self, call: Call) -> Obtained | None:
        """The picture of an earlier call by `call.resume`, without buying it again; None where it cannot be had.

        Raises what `obtain` raises, where the provider says what became of it.
        """


@dataclass(frozen=True)
class Bought:
    """A paid picture: its own bytes, its pixels, the provider's notes, the cost, and the call it came by."""

    data: bytes = field(repr=False)
    media_type: str
    pixels: Pixels = field(repr=False)
    notes: TextPairs
    cost: Cost | None
    call: str


@dataclass(frozen=True)
class Goods:
    """What was paid for, as the provider sent it and the journal keeps it; nobody has looked at it yet."""

    data: bytes = field(repr=False)
    notes: TextPairs
    cost: Cost | None
    call: str


@dataclass(frozen=True)
class Buyer:
    """Buys pictures over one channel, or other goods.

    `by_call_id` says that the provider knows a call by our own id, `intends_when_sent` that the deal buys by
    `Call.send` alone, so that the intent can wait until that has its place in the lane.
    """

    channel: Channel
    on_wait: Callable[[], None]
    by_call_id: bool = False
    intends_when_sent: bool = False

    @property
    def _model(self) -> str:
        return self.channel.model.reference

    def buy(self, work: Work, estimate: Cost | None, deal: Deal) -> Bought:
        """The picture of a work; raises as `acquire` does, and `BadAnswer` for bytes that are no picture."""
        return self._look_at(self.acquire(work, estimate, deal))

    def acquire(self, work: Work, estimate: Cost | None, deal: Deal) -> Goods:
        """What a work is about, bought now or found to be bought already.

        Raises the `HostedError` that says why there is none, `BudgetExceeded`, and what `on_wait` raises.
        """
        past = self.channel.options.journal.recall(work.subject)
        if past is None:
            return self._buy_new(work, estimate, deal)
        match past.state:
            case "kept":
                return Goods(past.picture, past.notes, past.cost or estimate, past.call)
            case "answered":
                return self._take(past.call, Obtained(link=past.link, notes=past.notes, cost=past.cost), estimate)
            case "open" if past.resume:
                return self._resume(past, estimate, deal)
            case "open":
                reason = "the run that sent it ended before the answer came"
                raise MayBeBilled(model=self._model, call=past.call, reason=reason)
            case "given-up":
                raise CallGivenUp(model=self._model, call=past.call, by=past.by)
            case "failed" if past.billed == "maybe":
                raise MayBeBilled(model=self._model, call=past.call, reason=past.words.rstrip("."))
            case "failed":
                said = past.words.removeprefix(f"{self._model}: ").rstrip(".")
                words = f"{said} (call {past.call}; it is not paid for again unless someone says so)"
                raise NoPicture(model=self._model, words=words, billed=past.billed)
        assert_never(past.state)

    def _buy_new(self, work: Work, estimate: Cost | None, deal: Deal) -> Goods:
        self.channel.prepare()
        call = Call(str(uuid.uuid4()), self.channel, self.on_wait)
        call.resume = call.id if self.by_call_id else ""
        journal = self.channel.options.journal
        call.intend = partial(journal.intend, work, estimate, call=call.id, resume=call.resume)
        if not self.intends_when_sent:
            call.start()
        return self._take(call.id, self._outcome(call, deal.obtain), estimate)

    def _resume(self, past: Past, estimate: Cost | None, deal: Deal) -> Goods:
        self.channel.prepare()
        call = Call(past.call, self.channel, self.on_wait, past.resume, was_accepted=not self.by_call_id)
        obtained = self._outcome(call, deal.resume)
        if obtained is None:
            reason = f"the provider does not know it as {past.resume} any more"
            journal = self.channel.options.journal
            journal.failed(call.id, kind=MayBeBilled.__name__, words=reason, billed="maybe", evidence=b"")
            raise MayBeBilled(model=self._model, call=past.call, reason=reason)
        return self._take(past.call, obtained, estimate)

    def _outcome(self, call: Call, ask: Callable[[Call], Obtained | None]) -> Obtained | None:
        """What the provider gave, with a failure written down before it is raised."""
        journal = self.channel.options.journal
        evidence = b""
        try:
            return ask(call)
        except HostedError as error:
            if not call.is_intended:
                raise
            if isinstance(error, BadAnswer) and call.answer is not None:
                evidence = call.answer.body
            if call.resume and not _is_final(error) and (error.billed == "maybe" or call.was_accepted):
                raise may_be_billed(self._model, call.id, error, then="the next run asks for it again") from error
            journal.failed(call.id, kind=type(error).__name__, words=str(error), billed=error.billed, evidence=evidence)
            if error.billed == "maybe" and isinstance(error, _OUTCOME_UNKNOWN):
                raise may_be_billed(self._model, call.id, error) from error
            raise
        except RenderlockError as error:
            if call.is_intended and not call.resume and call.answer is None:
                journal.failed(call.id, kind=type(error).__name__, words=str(error), billed="no", evidence=b"")
            raise

    def _take(self, call: str, obtained: Obtained | None, estimate: Cost | None) -> Goods:
        """Brings home what was paid for, and keeps its bytes before anybody looks at them."""
        assert obtained is not None
        journal = self.channel.options.journal
        cost = obtained.cost or estimate
        data = obtained.picture
        if obtained.link:
            journal.answered(call, notes=obtained.notes, cost=cost, link=obtained.link)
            data = self._fetch(call, obtained.link)
        media_type = sniff(data) or "application/octet-stream"
        journal.keep(call, data, media_type, notes=obtained.notes, cost=cost)
        return Goods(data, obtained.notes, cost, call)

    def _fetch(self, call: str, link: str) -> bytes:
        try:
            return fetch_picture(self.channel, link, call=call)
        except PictureElsewhere:
            raise
        except (PictureExpired, BadAnswer) as error:
            self._lost(call, error)

    def _look_at(self, goods: Goods) -> Bought:
        try:
            media_type = prove(goods.data, self.channel.options.limits, self._model)
            pixels = decode(goods.data, self._model)
        except BadAnswer as error:
            self._lost(goods.call, error)
        return Bought(goods.data, media_type, pixels, goods.notes, goods.cost, goods.call)

    def _lost(self, call: str, error: HostedError) -> NoReturn:
        """Writes down that a paid picture cannot be had, so that it is not fetched for ever nor paid again."""
        kind, journal = type(error).__name__, self.channel.options.journal
        journal.failed(call, kind=kind, words=str(error), billed="yes", evidence=b"")
        raise error


def _is_final(error: HostedError) -> bool:
    """Whether the provider said what became of the picture; any other error is about the asking."""
    return isinstance(error, SafetyBlocked | NoPicture)
