"""What saves memory in a diffusers model at the price of time, as context managers around one render.

`attention-slicing` and `split-guidance` compute the same numbers in smaller portions, so a value may round otherwise
in its last bit. The offloads move weights, and leave every number as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TypeVar, cast

import torch

from renderlock.engines.diffusers_local.library_types import Denoiser, Forward, Pipeline

LARGEST_SCORES_BYTES = 64 * 2**20
"""A slice of attention is as many queries as have scores of this size, computed by the plainest kernel."""

Value = TypeVar("Value")


def denoiser_of(pipeline: Pipeline) -> Denoiser | None:
    """The network that each step evaluates."""
    found = getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)
    return found if isinstance(found, torch.nn.Module) else None


@contextmanager
def levers_pulled(pipeline: Pipeline, levers: Collection[str]) -> Iterator[None]:
    """The levers that act for the length of a render; an unknown one is a bug of the caller."""
    with ExitStack() as stack:
        if "attention-slicing" in levers:
            stack.enter_context(attention_in_slices())
        denoiser = denoiser_of(pipeline)
        if "split-guidance" in levers and denoiser is not None:
            stack.enter_context(forward_replaced(denoiser, one_at_a_time(denoiser.forward)))
        yield


@contextmanager
def forward_replaced(denoiser: Denoiser, forward: Forward) -> Iterator[None]:
    """Puts another `forward` before the denoiser's own."""
    had_own = "forward" in vars(denoiser)
    before = denoiser.forward
    denoiser.forward = forward
    try:
        yield
    finally:
        if had_own:
            denoiser.forward = before
        else:
            del denoiser.forward


@contextmanager
def attention_in_slices(largest_bytes: int = LARGEST_SCORES_BYTES) -> Iterator[None]:
    """Computes scaled dot-product attention in slices of queries, whose scores take at most `largest_bytes`.

    Each query's softmax is over all keys, so the slices do not depend on one another. It saves memory where no fused
    kernel serves (wide heads, masks, older devices): a fused one never holds the scores.
    """
    functional = torch.nn.functional
    whole = functional.scaled_dot_product_attention

    def sliced(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *args: object, **kwargs: object
    ) -> torch.Tensor:
        mask = args[0] if args else kwargs.get("attn_mask")
        scores = query.shape[:-1].numel() * key.shape[-2] * query.element_size()
        causal = (args[2] if len(args) > 2 else kwargs.get("is_causal")) is True
        if scores <= largest_bytes or causal or _has_rows(mask, query):
            return whole(query, key, value, *args, **kwargs)
        rows = max(1, query.shape[-2] * largest_bytes // scores)
        parts = [whole(part, key, value, *args, **kwargs) for part in query.split(rows, dim=-2)]
        return torch.cat(parts, dim=-2)

    functional.scaled_dot_product_attention = sliced
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = whole


def _has_rows(mask: object, query: torch.Tensor) -> bool:
    """Whether a mask says something else for each query, so that it would have to be cut as well."""
    return isinstance(mask, torch.Tensor) and mask.shape[-2] == query.shape[-2] and mask.shape[-2] > 1


def one_at_a_time(forward: Forward) -> Forward:
    """Evaluates a batch of two, the prompt and what it is steered away from, as two batches of one."""

    def split(*args: object, **kwargs: object) -> object:
        if _batch_of(args, kwargs) != 2:
            return forward(*args, **kwargs)
        halves = [forward(*_half(args, at), **_half(kwargs, at)) for at in (0, 1)]
        return _joined(halves)

    return split


def _batch_of(args: tuple[object, ...], kwargs: Mapping[str, object]) -> int:
    sample = args[0] if args else kwargs.get("hidden_states", kwargs.get("sample"))
    if isinstance(sample, torch.Tensor):
        return int(sample.shape[0])
    return len(sample) if isinstance(sample, list) else 0


def _half(values: Value, at: int) -> Value:
    """One of two entries of every tensor and list that has one a picture; all else as it is."""
    half: object = values
    if isinstance(values, torch.Tensor):
        half = values[at : at + 1] if values.ndim and values.shape[0] == 2 else values
    elif isinstance(values, list) and len(values) == 2 and isinstance(values[0], torch.Tensor):
        half = values[at : at + 1]
    elif isinstance(values, tuple):
        half = tuple(_half(value, at) for value in values)
    elif isinstance(values, dict):
        half = {name: _half(value, at) for name, value in values.items()}
    return cast("Value", half)


def _joined(halves: list[object]) -> object:
    """Two answers as the one to a batch of two."""
    first = halves[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(cast("list[torch.Tensor]", halves))
    if isinstance(first, list):
        return [value for half in cast("list[list[object]]", halves) for value in half]
    if isinstance(first, tuple):
        return tuple(_joined(list(pair)) for pair in zip(*cast("list[tuple[object, ...]]", halves), strict=True))
    message = f"a denoiser gave a {type(first).__name__}"
    raise TypeError(message)
