"""The models one command works with: each reference is opened and identified once, and closed at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from renderlock.engines.aliases import full_reference
from renderlock.engines.base import Engine, EngineOptions
from renderlock.engines.table import list_engines, open_engine
from renderlock.spec.identity import ModelIdentity
from renderlock.upscalers.table import list_upscalers


def names_engine(reference: str) -> bool:
    """Whether what enlarges under this reference is an engine, and not one of the `upscalers`."""
    name = full_reference(reference).partition(":")[0]
    return name in {entry.name for entry in list_engines()} - {entry.name for entry in list_upscalers()}


@dataclass
class Models:
    """Opened engines by reference, under one set of options."""

    options: EngineOptions
    _engines: dict[str, Engine] = field(default_factory=dict)
    _identities: dict[str, ModelIdentity] = field(default_factory=dict)

    def engine(self, reference: str) -> Engine:
        """The engine for a reference, opened at the first call; raises as `open_engine` does."""
        if reference not in self._engines:
            self._engines[reference] = open_engine(reference, self.options)
        return self._engines[reference]

    def identity(self, reference: str) -> ModelIdentity:
        """The exact model behind a reference, read at the first call."""
        if reference not in self._identities:
            self._identities[reference] = self.engine(reference).identify()
        return self._identities[reference]

    def opened(self) -> tuple[Engine, ...]:
        """Every engine opened so far."""
        return tuple(self._engines.values())

    def close(self) -> None:
        """Lets go of all weights."""
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
