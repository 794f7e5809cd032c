"""What a render computed before memory ran out, so that the next attempt at the same picture goes on from there.

A pipeline is run from its start again, with a fresh generator; where it asks its denoiser what it was asked before, it
gets the remembered answer. So an attempt that died while decoding costs a second decoding, not a second picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch.utils._pytree import tree_leaves, tree_map

from renderlock.engines.diffusers_local.levers import forward_replaced
from renderlock.engines.diffusers_local.library_types import Denoiser, Forward


@dataclass
class Replay:
    """The denoiser's answers in one render, in order, each under what it was asked; kept in the machine's own memory.

    An answer is given again only to the very same question, by the hash of all tensors in it.
    """

    work: str = ""
    _answers: dict[str, object] = field(default_factory=dict)
    answered: int = 0

    def begin(self, work: str) -> None:
        """Starts a render of `work` (the picture's name); forgets the answers of any other."""
        if work != self.work:
            self.forget()
        self.work, self.answered = work, 0

    def forget(self) -> None:
        """Lets go of every answer: the picture is done."""
        self._answers.clear()
        self.work = ""

    @contextmanager
    def on(self, denoiser: Denoiser) -> Iterator[None]:
        """Answers the denoiser's calls from memory where it can, for the length of a render."""
        with forward_replaced(denoiser, self._remembering(denoiser.forward)):
            yield

    def _remembering(self, forward: Forward) -> Forward:
        def ask(*args: object, **kwargs: object) -> object:
            question = _hash((args, kwargs))
            if question in self._answers:
                self.answered += 1
                device = _device_of((args, kwargs))
                return tree_map(lambda leaf: _to(leaf, device), self._answers[question])
            answer = forward(*args, **kwargs)
            self._answers[question] = tree_map(lambda leaf: _to(leaf, torch.device("cpu")), answer)
            return answer

        return ask


def _hash(question: object) -> str:
    digest = hashlib.sha256()
    for leaf in tree_leaves(question):
        if isinstance(leaf, torch.Tensor):
            digest.update(leaf.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        else:
            digest.update(repr(leaf).encode())
    return digest.hexdigest()


def _device_of(question: object) -> torch.device:
    tensors = [leaf for leaf in tree_leaves(question) if isinstance(leaf, torch.Tensor) and leaf.ndim]
    return tensors[0].device if tensors else torch.device("cpu")


def _to(leaf: object, device: torch.device) -> object:
    if not isinstance(leaf, torch.Tensor):
        return leaf
    return leaf.detach().clone() if leaf.device == device else leaf.detach().to(device)
