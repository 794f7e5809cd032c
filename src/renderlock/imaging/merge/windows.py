"""Hann windows of the spans of one axis, as whole numbers that sum to a power of two at every pixel.

As the sum is exact, tiles that agree come out bit for bit: (sum of weight times value) shifted is the value. The
weights are normalised by the tiles that are there, so the canvas's borders do not darken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from renderlock.imaging.tiles import Span

Weights = NDArray[np.uint32]
Ramp = NDArray[np.float32]


@dataclass(frozen=True)
class Segment:
    """A stretch that the same spans cover: their numbers, and their weights, one line of `length` a span.

    The weights of a pixel sum to 2 ** bits, as told to `segments`.
    """

    start: int
    end: int
    covering: tuple[int, ...]
    weights: Weights


def segments(spans: Sequence[Span], bits: int) -> tuple[Segment, ...]:
    """The stretches of an axis, from its start to its end, each with the weights of what covers it."""
    edges = sorted({edge for span in spans for edge in (span.start, span.end)})
    return tuple(_segment(spans, start, end, bits) for start, end in pairwise(edges))


def ramp(length: int) -> Ramp:
    """The share of the second of two tiles over an overlap: sin² from 0 to 1, at pixel centres."""
    return (np.sin(np.pi / 2 * (np.arange(length) + 0.5) / length) ** 2).astype(np.float32)


def _segment(spans: Sequence[Span], start: int, end: int, bits: int) -> Segment:
    covering = tuple(number for number, span in enumerate(spans) if span.start <= start and span.end >= end)
    places = np.arange(start, end, dtype=np.float64) + 0.5
    windows = np.stack(list(_windows(spans, covering, places)))
    whole = 1 << bits
    weights = np.rint(windows / windows.sum(axis=0) * whole).astype(np.int64)
    strongest = windows.argmax(axis=0)
    weights[strongest, np.arange(end - start)] += whole - weights.sum(axis=0)
    return Segment(start, end, covering, weights.astype(np.uint32))


def _windows(
    spans: Sequence[Span], covering: tuple[int, ...], places: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    """The window of each covering span: it rises over what it shares with the span before, falls towards the next."""
    for number in covering:
        span = spans[number]
        rising = spans[number - 1].end - span.start if number else 0
        falling = span.end - spans[number + 1].start if number + 1 < len(spans) else 0
        yield _rise(places - span.start, rising) * _rise(span.end - places, falling)


def _rise(distance: NDArray[np.float64], over: int) -> NDArray[np.float64]:
    if over == 0:
        return np.ones_like(distance)
    return np.sin(np.pi / 2 * np.minimum(distance / over, 1.0)) ** 2
