"""What a person decides about a paid call that nobody else can settle: pay again, give up, or take the picture."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from renderlock.actions.calls.book import DECIDED, CallRecord, Decision, read_book
from renderlock.engines.describing import DESCRIBED
from renderlock.engines.hosted.pictures import sniff
from renderlock.errors import AmbiguousAddress, InputUnusable, SignatureMissing, UnknownName
from renderlock.imaging.decoding import read_picture
from renderlock.store.records import Encoded, NewEvent
from renderlock.store.store import Store

SHORTEST_ID = 4


def find_call(store: Store, name: str) -> CallRecord:
    """The call of an id or of a beginning of one; raises `UnknownName` or `AmbiguousAddress`."""
    calls = read_book(store).calls
    matches = [call for call in calls.values() if call.id.startswith(name)] if len(name) >= SHORTEST_ID else []
    if len(matches) > 1:
        listed = ", ".join(call.id for call in matches[:5])
        raise AmbiguousAddress(address=name, count=len(matches), matches=listed)
    if not matches:
        known = f"{len(calls)} calls; `renderlock calls --all` lists them"
        raise UnknownName(kind="call", name=name, known=known)
    return matches[0]


def decide(store: Store, name: str, decision: Decision, *, by: str, picture: Path | None = None) -> CallRecord:
    """The call as it stands after the decision, which is kept for good.

    `retry` lets the next run pay again, `give-up` leaves the picture out, `take` keeps `picture`, a file that the
    person got from the provider, as what was paid for. Raises `UnknownName`, `SignatureMissing`, and `InputUnusable`
    for a picture that is none or a call that needs no decision.
    """
    if not by.strip():
        raise SignatureMissing()
    call = find_call(store, name)
    if call.standing in ("kept", "settled"):
        state = "its picture is here" if call.standing == "kept" else "it is settled"
        raise InputUnusable(path=f"call {call.id}", reason=state, action="`renderlock calls` lists what is open.")
    if decision == "take" and call.subject.startswith(DESCRIBED):
        reason = "it bought words, and a picture is none"
        raise InputUnusable(path=f"call {call.id}", reason=reason, action="Decide with --retry or --give-up.")
    fields = {"call": call.id, "decision": decision}
    if picture is not None:
        fields |= _keep(store, picture)
    event = NewEvent(DECIDED, call.subject, by, datetime.now(UTC), tuple(fields.items()))
    store.append(event)
    return find_call(store, call.id)


def _keep(store: Store, path: Path) -> dict[str, str]:
    """The picture file's name in the store, once it is proven to be one."""
    read_picture(path)
    data = path.read_bytes()
    media_type = sniff(data)
    if not media_type:
        raise InputUnusable(path=path, reason="it is of another kind", action="Give a PNG, JPEG or WebP file.")
    return {"picture": store.keep_blob(Encoded(data, media_type)), "media_type": media_type}
