"""The stages of an autoencoder's run, so that one which ran out of memory goes on at the stage that failed.

Each stage needs nothing but what the one before it gave, which stays in memory while the stage runs. So remembering it
takes no memory that a run without this would not take.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TypeGuard, cast

import torch

from renderlock.engines.diffusers_local.levers import forward_replaced
from renderlock.engines.diffusers_local.library_types import Denoiser, Forward
from renderlock.engines.diffusers_local.loading import is_out_of_memory
from renderlock.engines.diffusers_local.questions import device_of, hash_question

_BLOCKS = ("down_blocks", "up_blocks")
_STAGES = ("resnets", "attentions", "downsamplers", "upsamplers")


@dataclass
class Stages:
    """How far one run of an encoder or a decoder came: the number of stages done, and what the last of them gave.

    `met` tells whether the attempt under way has come to that run again.
    """

    question: str = ""
    done: int = 0
    met: bool = False
    _given: torch.Tensor | None = None
    _at: int = 0
    _resumes_at: int = 0

    def forget(self) -> None:
        """Lets go of what the last stage gave."""
        self.question, self.done, self.met, self._given = "", 0, False, None

    @contextmanager
    def on(self, coder: torch.nn.Module) -> Iterator[None]:
        """Has a coder of diffusers' AutoencoderKL go on where its last run with the same input ended, for the length
        of a render."""
        with ExitStack() as stack:
            stack.enter_context(forward_replaced(_with_forward(coder), self._run(_with_forward(coder).forward)))
            for module in stages_of(coder):
                stage = _with_forward(module)
                stack.enter_context(forward_replaced(stage, self._stage(stage.forward)))
            norm = _with_forward(cast("torch.nn.Module", coder.conv_norm_out))
            stack.enter_context(forward_replaced(norm, self._between(norm.forward)))
            yield

    def _run(self, forward: Forward) -> Forward:
        def run(*args: object, **kwargs: object) -> object:
            question = hash_question((args, kwargs))
            if question != self.question:
                self.forget()
            self.question, self.met, self._at, self._resumes_at = question, True, 0, self.done
            if self._given is not None:
                self._given = self._given.to(device_of((args, kwargs)))
            try:
                return forward(*args, **kwargs)
            except Exception as error:
                self._set_aside() if is_out_of_memory(error) else self.forget()
                raise

        return run

    def _stage(self, forward: Forward) -> Forward:
        def stage(*args: object, **kwargs: object) -> object:
            self._at += 1
            if self._given is not None and self._at <= self._resumes_at:
                # Those before the last one done are told nothing: only its answer is ever looked at.
                return self._given if self._at == self._resumes_at else self._given.new_empty(0)
            given = forward(*args, **kwargs)
            self._given, self.done = cast("torch.Tensor", given), self._at
            return given

        return stage

    def _between(self, forward: Forward) -> Forward:
        """The normalisation before the last stage: too quick to keep what it gives, and left out with that stage."""

        def between(*args: object, **kwargs: object) -> object:
            is_past = self._given is not None and self._at < self._resumes_at
            return args[0] if is_past else forward(*args, **kwargs)

        return between

    def _set_aside(self) -> None:
        """Moves what the last stage gave off the device that is full."""
        if self._given is not None:
            aside = None
            with suppress(RuntimeError, MemoryError):
                aside = self._given.detach().to("cpu")
            self._given = aside
            self.done = self.done if aside is not None else 0


def stages_of(coder: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """The parts of a coder of AutoencoderKL that run one after the other, whatever their order."""
    blocks = [coder.mid_block, *(block for name in _BLOCKS for block in getattr(coder, name, ()))]
    yield cast("torch.nn.Module", coder.conv_in)
    for block in blocks:
        parts = (part for name in _STAGES for part in getattr(block, name, None) or ())
        yield from (part for part in parts if part is not None)
    yield cast("torch.nn.Module", coder.conv_out)


def has_stages(coder: object) -> TypeGuard[torch.nn.Module]:
    """Whether a part of an autoencoder is one whose stages are known."""
    from diffusers.models.autoencoders.vae import Decoder, Encoder  # noqa: PLC0415 - only where a model is loaded

    return isinstance(coder, Decoder | Encoder)


def _with_forward(module: torch.nn.Module) -> Denoiser:
    return cast("Denoiser", module)
