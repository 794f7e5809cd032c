"""A journal for commands that may turn out to pay: its store is opened, or made, by the first call that is bought."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from renderlock.actions.calls.journal import StoreJournal
from renderlock.engines.hosted.journal import Past, TextPairs, Work
from renderlock.errors import Billed
from renderlock.spec.money import Cost
from renderlock.store.store import Store


@dataclass
class JournalAtNeed:
    """The journal of a store that `open_store` gives, within the budget of `budget`; neither is asked before a call is.

    Whoever made it closes it.
    """

    open_store: Callable[[], Store]
    budget: Callable[[], Cost | None]
    _journal: StoreJournal | None = None
    _opened: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def _inner(self) -> StoreJournal:
        with self._lock:
            if self._journal is None:
                self._journal = StoreJournal(self._opened.enter_context(self.open_store()), self.budget())
            return self._journal

    def recall(self, subject: str) -> Past | None:
        """As the store's journal."""
        return self._inner.recall(subject)

    def intend(self, work: Work, estimate: Cost | None, *, call: str, resume: str) -> None:
        """As the store's journal."""
        self._inner.intend(work, estimate, call=call, resume=resume)

    def accepted(self, call: str, resume: str) -> None:
        """As the store's journal."""
        self._inner.accepted(call, resume)

    def answered(self, call: str, *, notes: TextPairs, cost: Cost | None, link: str) -> None:
        """As the store's journal."""
        self._inner.answered(call, notes=notes, cost=cost, link=link)

    def keep(self, call: str, picture: bytes, media_type: str, *, notes: TextPairs, cost: Cost | None) -> None:
        """As the store's journal."""
        self._inner.keep(call, picture, media_type, notes=notes, cost=cost)

    def failed(self, call: str, *, kind: str, words: str, billed: Billed, evidence: bytes) -> None:
        """As the store's journal."""
        self._inner.failed(call, kind=kind, words=words, billed=billed, evidence=evidence)

    def noticed(self, model: str, notice: TextPairs) -> None:
        """As the store's journal."""
        self._inner.noticed(model, notice)

    def close(self) -> None:
        """Closes the store, if it was opened."""
        self._opened.close()
