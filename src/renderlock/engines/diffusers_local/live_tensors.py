"""Live tensor bytes, counted as a module runs: every storage is added when an operation makes it and taken off when
the last tensor over it is gone.

Under torch's FakeTensorMode nothing is computed and no memory is taken, so the peak of a module of any size is found
without its weights. With real tensors the same count can refuse an allocation past a budget, as a device would.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

Refusal = Callable[[int, int], bool]
"""Told the number of an allocation (from 0) and the live bytes with it; gives whether it is to be refused."""


class Operation(Protocol):
    """One of torch's operations."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Runs it."""


class LiveTensors(TorchDispatchMode):  # type: ignore[misc]  # torch is not read by the checker
    """Counts the bytes of the storages that operations make while it is entered; those that were there are not counted.

    `refuse` turns the counter into a device that runs out: it raises `torch.OutOfMemoryError` in torch's own words.
    """

    def __init__(self, refuse: Refusal | None = None) -> None:
        super().__init__()
        self.live_bytes = 0
        self.peak_bytes = 0
        self.allocations = 0
        self._refuse = refuse
        self._known = WeakIdKeyDictionary()

    def __torch_dispatch__(
        self,
        func: Operation,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Runs one operation and counts what it made; an output over an input's storage is nothing new."""
        given = {id(storage) for storage in _storages((args, kwargs or {}))}
        result = func(*args, **(kwargs or {}))
        for storage in _storages(result):
            if id(storage) not in given and storage not in self._known:
                self._add(storage)
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        size = storage.nbytes()
        number, self.allocations = self.allocations, self.allocations + 1
        if self._refuse is not None and self._refuse(number, self.live_bytes + size):
            raise torch.OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {size / 2**20:.2f} MiB. Of the allocated memory"
                f" {self.live_bytes / 2**20:.2f} MiB is allocated by PyTorch."
            )
        self._known[storage] = size
        weakref.finalize(storage, self._remove, size)
        self.live_bytes += size
        self.peak_bytes = max(self.peak_bytes, self.live_bytes)

    def _remove(self, size: int) -> None:
        self.live_bytes -= size


def _storages(values: object) -> Iterator[torch.UntypedStorage]:
    return (leaf.untyped_storage() for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor))
