"""The journal of paid calls, as a port: hosted engines write into it, the store keeps it (`actions.calls`).

An intent is durable before its request leaves, its outcome after the answer came, the picture's bytes before anything
is done to them. So whatever is killed when, the next run knows what was asked for, what was paid and what came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from renderlock.errors import Billed
from renderlock.spec.money import Cost

TextPairs = tuple[tuple[str, str], ...]

CallState = Literal["open", "answered", "kept", "failed", "given-up"]
"""`open` has no outcome; `answered` was paid, its picture is still at the provider; `kept` has its picture here;
`failed` was paid, or may have been, for nothing; `given-up` is a person's decision."""


@dataclass(frozen=True)
class Work:
    """What is bought: `subject` names the work (a recipe's digest), `model` is its reference, `says` tells people.

    `price_row` names it in a price file, where that is not the model. `is_free` says that a server of one's own makes
    it, so that nothing is billed whatever comes of it.
    """

    subject: str
    model: str
    says: str
    price_row: str = ""
    is_free: bool = False


@dataclass(frozen=True)
class Past:
    """An earlier call for the same work that still stands.

    `resume` is the provider's id of an open call, `link` where an answered picture lies, `picture` and `media_type`
    the bytes of a kept one; `notes` what the provider said about it, `words` why it failed and `billed` whether it was
    paid, `by` who gave it up.
    """

    call: str
    state: CallState
    resume: str = ""
    link: str = ""
    picture: bytes = b""
    media_type: str = ""
    notes: TextPairs = ()
    cost: Cost | None = None
    words: str = ""
    billed: Billed = "no"
    by: str = ""


class Journal(Protocol):
    """Where calls are written down; every method returns once it is durable."""

    def recall(self, subject: str) -> Past | None:
        """The earlier call for this work that must be dealt with before it is bought again; None to go ahead.

        Raises `CallInFlight` where another process is at it now.
        """

    def intend(self, work: Work, estimate: Cost | None, *, call: str, resume: str) -> None:
        """Says that the request is about to leave, under the id `call`; `resume` is an id the provider will know it by.

        Raises `BudgetExceeded`, `PriceUnknown` or `CurrencyMismatch`, and then nothing was written.
        """

    def accepted(self, call: str, resume: str) -> None:
        """The provider took the request and will know it by `resume`."""

    def answered(self, call: str, *, notes: TextPairs, cost: Cost | None, link: str) -> None:
        """The provider answered with a picture at `link` ("" where the bytes came along and are kept next)."""

    def keep(self, call: str, picture: bytes, media_type: str, *, notes: TextPairs, cost: Cost | None) -> None:
        """Keeps the picture's bytes as the provider sent them."""

    def failed(self, call: str, *, kind: str, words: str, billed: Billed, evidence: bytes) -> None:
        """No picture came of the call; `evidence` is an answer nobody could read, b"" where there is none."""

    def noticed(self, model: str, notice: TextPairs) -> None:
        """The provider said something about the model's end, as `sunset_of` gives it."""


class Unjournalled:
    """A journal that keeps nothing, for callers without a store: a killed call is forgotten."""

    def recall(self, subject: str) -> Past | None:
        """Nothing is known."""
        return None

    def intend(self, work: Work, estimate: Cost | None, *, call: str, resume: str) -> None:
        """Lets the call go ahead."""

    def accepted(self, call: str, resume: str) -> None:
        """Forgets it."""

    def answered(self, call: str, *, notes: TextPairs, cost: Cost | None, link: str) -> None:
        """Forgets it."""

    def keep(self, call: str, picture: bytes, media_type: str, *, notes: TextPairs, cost: Cost | None) -> None:
        """Forgets it."""

    def failed(self, call: str, *, kind: str, words: str, billed: Billed, evidence: bytes) -> None:
        """Forgets it."""

    def noticed(self, model: str, notice: TextPairs) -> None:
        """Forgets it."""


class NoJournal(Unjournalled):
    """Stands where a command has not said which store its calls are kept in: it lets nothing out that could be paid."""

    def intend(self, work: Work, estimate: Cost | None, *, call: str, resume: str) -> None:
        """Raises, before the request leaves: a command that pays without a journal is a bug of ours."""
        raise RuntimeError(f"a paid call of {work.model} without a journal")
