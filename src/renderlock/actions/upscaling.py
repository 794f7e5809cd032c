"""Enlarging a picture behind a gate: what a network invented is taken back, block by block or whole, and on record.

The order is from the upscaler that was asked for to gentler ones, at last to plain interpolation. Nothing is hidden:
each attempt's verdict and every fallback are in the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from renderlock.actions.upscale_engines import EngineUpscaler, Upscalers
from renderlock.actions.upscale_mixing import Blocks, mix_blocks, mix_seen
from renderlock.errors import MissingDependency
from renderlock.imaging.back_projection import down
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.imaging.resampling import Floats
from renderlock.spec.deviation import Deviation
from renderlock.spec.recipe import Size
from renderlock.spec.verdict import Verdict
from renderlock.upscalers.base import Upscaler
from renderlock.upscalers.channels import split_layers
from renderlock.upscalers.depth import in_8_bits, kind_of, largest_level
from renderlock.upscalers.seen import Seen
from renderlock.upscalers.tiled import UNWATCHED, TileWatch, enlarge_bands, is_projected, plan_enlargement

GENTLER = ("waifu2x", "lanczos")
"""What a gate may fall back to, of those that are gentler than what was asked for; the last is always there."""

MOST_MIXED = 0.5
"""The share of blocks up to which they are replaced one by one; beyond it the whole picture is."""

LARGEST_IN_MEMORY_BYTES = 256 * 1024**2
"""Larger results lie in a file while they are worked on."""

MIX_ROUNDS = 2

_EIGHT_BITS = np.empty((0, 0, 3), np.uint8)
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Judged:
    """What a gate found: its verdict, the blocks that fail by themselves, and how much each block invented.

    `suspect` and `invented` are rows x columns of blocks (see `upscale_mixing.Blocks`); `invented` is 0 for nothing.
    `draw` puts that map on a picture of the result's size, for people.
    """

    verdict: Verdict
    suspect: Blocks
    invented: NDArray[np.float64]
    draw: Callable[[Pixels], Pixels] | None = None


class Gate(Protocol):
    """Judges an enlarged picture against the one it was made from."""

    @property
    def name(self) -> str:
        """Its measures, limits and readers, as one short text that changes when any of them does."""

    def judge(self, source: Pixels, result: Pixels, seen: Floats | None = None) -> Judged:
        """The judgement of a result (h x w x 3|4) on its source (H x W x 3|4), both 8 bits.

        `seen` (H x W x 3) is what the upscaler gave before back-projection, scaled down; None where none was done.
        """


@dataclass(frozen=True)
class Upscaled:
    """An enlarged picture, of as many bits as its source, and how it came to be.

    `upscaler` gave all of it but the blocks in `share`, which come from `fallback`. `judged` holds every judgement in
    the order of the attempts; the last is that of `pixels`.
    """

    pixels: Raster
    upscaler: str
    fallback: str = ""
    share: float = 0.0
    judged: tuple[Judged, ...] = ()
    deviations: tuple[Deviation, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The gate's verdict about `pixels`; None where no gate was asked."""
        return self.judged[-1].verdict if self.judged else None

    @property
    def passed(self) -> bool:
        """Whether no gate refuses it."""
        return self.verdict is None or self.verdict.passed


@dataclass(frozen=True)
class Ways:
    """An upscaler, the gentler ones a gate may fall back to, and what else decides about the pixels.

    `scratch` is a folder for results of more than `most_in_memory_bytes`; without one all are in memory.
    """

    upscaler: Upscaler
    gentler: tuple[Upscaler, ...] = ()
    gate: Gate | None = None
    project: bool = True
    scratch: Path | None = None
    most_in_memory_bytes: int = LARGEST_IN_MEMORY_BYTES
    watch: TileWatch = field(default=UNWATCHED)


def open_gentler(upscalers: Upscalers, upscaler: Upscaler) -> tuple[Upscaler, ...]:
    """The upscalers a gate may fall back to from this one, as far as they are installed."""
    found = []
    for reference in GENTLER:
        with suppress(MissingDependency):
            other = upscalers.open(reference)
            if other.facts.detail.gentleness > upscaler.facts.detail.gentleness:
                found.append(other)
    return tuple(found)


def upscale_picture(pixels: Raster, target: Size, ways: Ways) -> Upscaled:
    """The picture (H x W x 3|4, 8 or 16 bits) at `target`, by the first way that the gate lets pass.

    Where none does, it is the gentlest one's, with a verdict that has not passed. Raises what upscalers raise.
    """
    if isinstance(ways.upscaler, EngineUpscaler):
        ways.upscaler.deviations.clear()
    result, giver = _enlarge(pixels, target, ways, ways.upscaler), ways.upscaler
    if ways.gate is None:
        return Upscaled(result.pixels, giver.facts.reference, deviations=_noted(giver, pixels, ways))
    judged = [_judge(ways.gate, pixels, result, ways)]
    for gentler in ways.gentler:
        if judged[-1].verdict.passed:
            break
        second = _enlarge(pixels, target, ways, gentler)
        mix = _Mix(pixels, result, second, ways)
        share = mix.settle(ways.gate, judged)
        if share > 0:
            mixed = Upscaled(mix.pixels, giver.facts.reference, gentler.facts.reference, share)
            return _told(mixed, ways, judged, pixels)
        result, giver = second, gentler
        judged.append(_judge(ways.gate, pixels, result, ways))
    return _told(Upscaled(result.pixels, giver.facts.reference), ways, judged, pixels)


@dataclass(frozen=True)
class _Enlarged:
    """A result, and what was seen of it before back-projection; None where it was not projected."""

    pixels: Raster
    seen: Floats | None

    def seen_in(self, source: Raster) -> Floats:
        """What was seen of it, projected or not, in 8-bit levels."""
        if self.seen is not None:
            return self.seen
        levels = np.float32(largest_level(source) / 255)
        return down(self.pixels[:, :, :3], source.shape[1], source.shape[0]) / levels


class _Mix:
    """A result with ever more of its blocks from a gentler one, until the gate lets it pass."""

    def __init__(self, source: Raster, first: _Enlarged, second: _Enlarged, ways: Ways) -> None:
        self._source, self._first, self._second = source, first, second
        self._ways = ways
        self.pixels = first.pixels

    def settle(self, gate: Gate, judged: list[Judged]) -> float:
        """The share of blocks that had to be replaced; 0 where replacing some does not help."""
        blocks = judged[-1].suspect
        for _ in range(MIX_ROUNDS):
            if not 0 < blocks.mean() <= MOST_MIXED:
                return 0.0
            judged.append(self._judge_with(blocks, gate))
            if judged[-1].verdict.passed:
                return float(blocks.mean())
            more = blocks | judged[-1].suspect
            if (more == blocks).all():
                return 0.0
            blocks = more
        return 0.0

    def _judge_with(self, blocks: Blocks, gate: Gate) -> Judged:
        first, second = self._first, self._second
        into = _canvas(first.pixels.shape, first.pixels, self._ways)
        colour = split_layers(self._source).colour
        self.pixels = mix_blocks(first.pixels, second.pixels, blocks, colour, into)
        seen = mix_seen(first.seen_in(self._source), second.seen_in(self._source), blocks)
        return _judge(gate, self._source, _Enlarged(self.pixels, seen), self._ways)


def _enlarge(pixels: Raster, target: Size, ways: Ways, upscaler: Upscaler) -> _Enlarged:
    whole = _canvas((target.height, target.width, pixels.shape[2]), pixels, ways)
    source, top = Size(pixels.shape[1], pixels.shape[0]), 0
    plan = plan_enlargement(upscaler.facts, source, target)
    seen = Seen(target, source) if ways.project and is_projected(upscaler.facts, plan) else None
    for band in enlarge_bands(pixels, target, upscaler, project=ways.project, seen=seen, watch=ways.watch):
        whole[top : top + len(band)] = band
        top += len(band)
    return _Enlarged(whole, None if seen is None else seen.pixels)


def _judge(gate: Gate, source: Raster, result: _Enlarged, ways: Ways) -> Judged:
    """The gate's judgement, which is made in 8 bits."""
    shown = result.pixels if result.pixels.dtype == np.uint8 else _canvas(result.pixels.shape, _EIGHT_BITS, ways)
    if shown is not result.pixels:
        for top in range(0, len(shown), _ROWS_AT_ONCE):
            shown[top : top + _ROWS_AT_ONCE] = in_8_bits(result.pixels[top : top + _ROWS_AT_ONCE])
    return gate.judge(in_8_bits(source), in_8_bits(shown), result.seen)


def _canvas(shape: tuple[int, ...], like: Raster, ways: Ways) -> Raster:
    """Room for a result of the bits of `like`, in memory or, where that is too large, in a file gone after its use."""
    kind = kind_of(like)
    if ways.scratch is None or math.prod(shape) * like.itemsize <= ways.most_in_memory_bytes:
        return np.empty(shape, np.uint8) if kind is np.uint8 else np.empty(shape, np.uint16)
    with TemporaryFile(dir=ways.scratch) as file:
        return np.memmap(file, kind, "w+", shape=shape)


def _told(result: Upscaled, ways: Ways, judged: Sequence[Judged], source: Raster) -> Upscaled:
    """The result with its judgements, and with a deviation where it is not all from the upscaler asked for."""
    asked = ways.upscaler.facts.reference
    deviations = _noted(ways.upscaler, source, ways)
    mixed = f" with {result.share:.1%} of the blocks from {result.fallback}" if result.fallback else ""
    done = result.upscaler + mixed
    if done != asked:
        # The verdict says what each measure means.
        reasons = "; ".join(str(measure).partition(":")[0] for measure in judged[0].verdict.failures)
        deviations += (Deviation("upscaler", asked, done, f"the upscaler gate: {reasons}"),)
    return replace(result, judged=tuple(judged), deviations=deviations)


def _noted(upscaler: Upscaler, source: Raster, ways: Ways) -> tuple[Deviation, ...]:
    """What a provider's upscaler did differently by itself, and what one did that takes 8 bits alone."""
    own = tuple(upscaler.deviations) if isinstance(upscaler, EngineUpscaler) else ()
    if source.dtype == np.uint8 or upscaler.facts.takes_16_bits:
        return own
    done = "16 from the source, new detail in 8" if ways.project and upscaler.facts.is_learned else "8"
    return (*own, Deviation("bits", "16", done, f"{upscaler.facts.reference} takes 8 bits alone"))
