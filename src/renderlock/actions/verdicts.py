"""The verdicts that stand about delivered pictures, and the text gate, which is asked once a picture and wish.

A verdict is an event about a picture; of each gate the last one stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from renderlock.actions.finals.limits import Limits, held_to, numbers_of
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.canonical import canonical_sha256
from renderlock.spec.verdict import VERDICT_KIND, Verdict
from renderlock.store.records import Encoded, Event, NewEvent, RenderRecord
from renderlock.store.store import Store

BY = "renderlock"
"""Who signs the verdicts that no person gave."""

DRAWN = "drawn"
"""The field of a verdict that names the picture of where, a blob."""

WISH = "wish"
"""The field of a text verdict that names the texts that were wanted."""


def keep_verdict(
    store: Store, record: RenderRecord, verdict: Verdict, *, wish: str = "", drawn: Pixels | None = None
) -> None:
    """Keeps what a gate said about a picture, with a picture of where if there is one; raises `StoreError`."""
    pairs = (*verdict.to_pairs(), (WISH, wish)) if wish else verdict.to_pairs()
    if drawn is not None:
        pairs = (*pairs, (DRAWN, store.keep_blob(Encoded(encode_png(drawn, {}), "image/png"))))
    store.append(NewEvent(VERDICT_KIND, record.address, BY, datetime.now(UTC), pairs))


def standing_verdicts(events: Iterable[Event]) -> tuple[Verdict, ...]:
    """The last verdict of each gate among events about one picture, oldest first."""
    standing = {dict(event.fields).get("gate", ""): event for event in events if event.kind == VERDICT_KIND}
    return tuple(Verdict.from_pairs(dict(event.fields)) for event in standing.values())


def verdict_lines(store: Store, events: Iterable[Event]) -> Iterator[str]:
    """The verdicts that stand about one picture, a line a measure that has a limit, and where a drawing of it is."""
    found = {dict(event.fields).get("gate", ""): event for event in events if event.kind == VERDICT_KIND}
    for event in found.values():
        verdict = Verdict.from_pairs(dict(event.fields))
        yield f"{verdict.gate}: {'passed' if verdict.passed else 'failed'}"
        limited = (one for one in verdict.measures if one.least is not None or one.most is not None)
        yield from (f"  {measure}" for measure in limited)
        yield from (f"  note: {note}" for note in verdict.notes)
        if drawn := dict(event.fields).get(DRAWN):
            yield f"  shown in {store.layout.blob(drawn, 'image/png')}"


def hold_to_limits(store: Store, limits: Limits) -> Mapping[str, tuple[Verdict, ...]]:
    """The verdicts that stand about every picture that has any, in one look at the store, under the limits of today.

    A verdict that was kept under other limits is kept anew, so that everybody is shown the same; raises `StoreError`.
    """
    found: dict[str, dict[str, Event]] = {}
    for event in store.events():
        if event.kind == VERDICT_KIND:
            found.setdefault(event.subject, {})[dict(event.fields).get("gate", "")] = event
    return {
        subject: tuple(_held(store, event, limits) for event in events.values()) for subject, events in found.items()
    }


def _held(store: Store, event: Event, limits: Limits) -> Verdict:
    kept = Verdict.from_pairs(dict(event.fields))
    verdict = held_to(kept, limits)
    if verdict != kept:
        pairs = tuple({**dict(event.fields), **dict(verdict.to_pairs())}.items())
        store.append(NewEvent(VERDICT_KIND, event.subject, BY, datetime.now(UTC), pairs))
    return verdict


def judge_texts(store: Store, record: RenderRecord, texts: Sequence[str], limits: Limits) -> Verdict:
    """The text gate's verdict about a picture and the texts it must carry: the one that stands, or a new one.

    Raises `MissingDependency` where texts cannot be read here, `StoreError`.
    """
    own = numbers_of(limits.get("text", {}))
    wish = canonical_sha256({"texts": list(texts), "limits": own} if own else {"texts": list(texts)})
    for event in reversed(store.events(record.address)):
        if event.kind == VERDICT_KIND and dict(event.fields).get(WISH) == wish:
            return Verdict.from_pairs(dict(event.fields))
    # Loaded here as reading text takes models that a run without texts does without.
    from renderlock.metrics.text import check_texts, text_verdict  # noqa: PLC0415
    from renderlock.metrics.text_reader import open_reader  # noqa: PLC0415

    report = check_texts(decode_picture(store.read(record)), texts, open_reader())
    found = text_verdict(report)
    # A limit of another asset's second text does not bind a picture with one.
    names = {measure.name for measure in found.measures}
    verdict = found.with_limits({name: limit for name, limit in own.items() if name in names})
    keep_verdict(store, record, verdict, wish=wish)
    return verdict


def prove_reader() -> None:
    """Raises `MissingDependency` where texts cannot be read here; called before anything is rendered."""
    from renderlock.metrics.text_reader import open_reader  # noqa: PLC0415  # as above

    open_reader()
