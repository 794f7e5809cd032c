"""The answer to "which of these thousand recipes are rendered?", cheap where only yes or no is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from renderlock.spec.recipe import Digest
from renderlock.store.index import record_of
from renderlock.store.records import RenderRecord


class FoundRenders(Mapping[Digest, RenderRecord]):
    """Renders by recipe digest; a record is read from its JSON when it is first asked for.

    `digest in found` and `len(found)` read no JSON.
    """

    def __init__(self, sidecars: Mapping[Digest, str]) -> None:
        self._sidecars = sidecars
        self._records: dict[Digest, RenderRecord] = {}

    def __getitem__(self, digest: Digest) -> RenderRecord:
        if digest not in self._records:
            self._records[digest] = record_of(self._sidecars[digest])
        return self._records[digest]

    def __iter__(self) -> Iterator[Digest]:
        return iter(self._sidecars)

    def __len__(self) -> int:
        return len(self._sidecars)

    def __contains__(self, digest: object) -> bool:
        return digest in self._sidecars
