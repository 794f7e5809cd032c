"""Decisions: approve or reject a render, as append-only events that can be undone but never unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from renderlock.errors import NothingToUndo, SignatureMissing
from renderlock.store.address import Address
from renderlock.store.records import Event, NewEvent
from renderlock.store.store import Store

Word = Literal["approve", "reject"]
"""What a decision says."""

KIND = "decision"


@dataclass(frozen=True)
class Decision:
    """What stands about one render: approved or rejected, by whom, when, with what note."""

    address: Address
    word: Word
    by: str
    at: datetime
    note: str
    event: str


@dataclass(frozen=True)
class Signature:
    """Who speaks, and when."""

    by: str
    at: datetime


def decide(store: Store, address: str, word: Word, signature: Signature, note: str) -> Decision:
    """Says that a render is approved or rejected; a later decision stands over an earlier one.

    Raises `UnknownName` or `AmbiguousAddress` for the address, `SignatureMissing` where nobody signs.
    """
    if not signature.by.strip():
        raise SignatureMissing()
    record = store.get(address)
    fields = (("decision", word), ("note", note))
    event = store.append(NewEvent(KIND, record.address, signature.by, signature.at, fields))
    return _decision_of(event, word)


def undo_decision(store: Store, address: str, signature: Signature, note: str) -> Decision | None:
    """Takes back the decision that stands about a render, and gives the one that stands after it.

    Raises `NothingToUndo` where no decision stands.
    """
    record = store.get(address)
    standing = standing_decision(store.events(record.address))
    if standing is None:
        raise NothingToUndo(address=record.address)
    fields = (("decision", "undo"), ("note", note), ("undoes", standing.event))
    store.append(NewEvent(KIND, record.address, signature.by, signature.at, fields))
    return standing_decision(store.events(record.address))


def standing_decision(events: Iterable[Event]) -> Decision | None:
    """The decision that stands after all events about one render, oldest first; None if none does."""
    stack: list[Decision] = []
    for event in events:
        fields = dict(event.fields)
        said = fields.get("decision")
        if event.kind != KIND:
            continue
        if said == "undo":
            stack = [decision for decision in stack if decision.event != fields.get("undoes")]
        for known in get_args(Word):
            if said == known:
                stack.append(_decision_of(event, known))
    return stack[-1] if stack else None


def decisions(store: Store) -> Mapping[Address, Decision]:
    """The decision that stands about every render that has one."""
    by_subject: dict[Address, list[Event]] = {}
    for event in store.events():
        by_subject.setdefault(Address(event.subject), []).append(event)
    found = {subject: standing_decision(events) for subject, events in by_subject.items()}
    return {subject: decision for subject, decision in found.items() if decision is not None}


def _decision_of(event: Event, word: Word) -> Decision:
    note = dict(event.fields).get("note", "")
    return Decision(Address(event.subject), word, event.by, event.at, note, event.id)
