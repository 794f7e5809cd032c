"""What a render computed before memory ran out, so that the next attempt at the same picture goes on from there.

A pipeline is run from its start again, with a fresh generator; where it asks its networks what it asked before, it gets
the remembered answer, and its autoencoder goes on at the stage or the tile that failed. So an attempt costs what it was
at when memory ran out, not what came before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch.utils._pytree import tree_map

from renderlock.engines.diffusers_local.levers import forward_replaced
from renderlock.engines.diffusers_local.library_types import Denoiser, Forward
from renderlock.engines.diffusers_local.questions import device_of, hash_question
from renderlock.engines.diffusers_local.stages import Stages, has_stages
from renderlock.engines.diffusers_local.vae_tiles import TilesDone


@dataclass
class Replay:
    """What is done of one render: the answers of networks, each under what it was asked, kept in the machine's own
    memory; and how far the autoencoder came.

    An answer is given again only to the very same question, by the hash of all tensors in it.
    """

    work: str = ""
    answered: int = 0
    tiles: TilesDone = field(default_factory=TilesDone)
    _encoding: Stages = field(default_factory=Stages)
    _decoding: Stages = field(default_factory=Stages)
    _answers: dict[str, object] = field(default_factory=dict)

    def begin(self, work: str) -> None:
        """Starts a render of `work` (the picture's name); forgets the answers of any other."""
        if work != self.work:
            self.forget()
        self.work, self.answered = work, 0
        self._encoding.met = self._decoding.met = False

    def forget(self) -> None:
        """Lets go of every answer: the picture is done."""
        self._answers.clear()
        self._encoding.forget()
        self._decoding.forget()
        self.tiles.forget()
        self.work = ""

    def ran_out(self) -> None:
        """After an attempt that ran out: what it did not come to again was only in its way, and is let go."""
        if not self._encoding.met:
            self._encoding.forget()
        if not self._decoding.met:
            self.make_room()

    def make_room(self) -> None:
        """Lets go of how far the decoding came, the largest of all that is kept."""
        self._decoding.forget()
        self.tiles.forget()

    @contextmanager
    def on(self, denoiser: Denoiser, vae: object) -> Iterator[None]:
        """Answers the denoiser's calls from memory where it can, and has an autoencoder whose stages are known go on
        where it broke off, for the length of a render."""
        with ExitStack() as stack:
            stack.enter_context(forward_replaced(denoiser, self._remembering(denoiser.forward)))
            for stages, name in ((self._encoding, "encoder"), (self._decoding, "decoder")):
                coder = getattr(vae, name, None)
                if has_stages(coder):
                    stack.enter_context(stages.on(coder))
            yield

    def _remembering(self, forward: Forward) -> Forward:
        def ask(*args: object, **kwargs: object) -> object:
            question = hash_question((args, kwargs))
            if question in self._answers:
                self.answered += 1
                device = device_of((args, kwargs))
                return tree_map(lambda leaf: _to(leaf, device), self._answers[question])
            answer = forward(*args, **kwargs)
            self._answers[question] = tree_map(lambda leaf: _to(leaf, torch.device("cpu")), answer)
            return answer

        return ask


def _to(leaf: object, device: torch.device) -> object:
    if not isinstance(leaf, torch.Tensor):
        return leaf
    return leaf.detach().clone() if leaf.device == device else leaf.detach().to(device)
