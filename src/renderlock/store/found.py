"""The answer to "which of these thousand recipes are rendered?", cheap where only yes or no is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from renderlock.spec.recipe import Digest
from renderlock.store.address import Address
from renderlock.store.index import record_of
from renderlock.store.records import RenderRecord


class FoundRenders(Mapping[Digest, RenderRecord]):
    """Renders by recipe digest; a record is read from its JSON when it is first asked for.

    `digest in found`, `len(found)` and `found.address_of(digest)` read no JSON.
    """

    def __init__(self, rows: Mapping[Digest, tuple[Address, str]]) -> None:
        self._rows = rows
        self._records: dict[Digest, RenderRecord] = {}

    def __getitem__(self, digest: Digest) -> RenderRecord:
        if digest not in self._records:
            self._records[digest] = record_of(self._rows[digest][1])
        return self._records[digest]

    def __iter__(self) -> Iterator[Digest]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, digest: object) -> bool:
        return digest in self._rows

    def address_of(self, digest: Digest) -> Address:
        """The address of the render of that recipe; raises `KeyError` where there is none."""
        return self._rows[digest][0]
