"""What an engine can do, as data, so that no caller ever asks "is it model X?".

A capability that is absent is None (no such control) or False; what is here is promised. The functions in
`engines.resolve` hold a request against these facts before anything is spent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import log

from renderlock.spec.recipe import LARGEST_SEED, Size

_MOST_NAMED = 12
"""More listed sizes than this are counted, not named, where a sentence tells of them."""


class SeedGrade(StrEnum):
    """What a seed is worth: `exact` the same 8-bit pixels on one environment, `documented` the provider
    promises it, `best_effort` it pins a similar picture, `none` there is no seed."""

    EXACT = "exact"
    DOCUMENTED = "documented"
    BEST_EFFORT = "best_effort"
    NONE = "none"


class LifecycleState(StrEnum):
    """Whether a model may still be called."""

    ACTIVE = "active"
    UNCERTAIN = "uncertain"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


@dataclass(frozen=True)
class Lifecycle:
    """The state of a model, since or from when, and which models the provider names as successors."""

    state: LifecycleState = LifecycleState.ACTIVE
    on: date | None = None
    successors: tuple[str, ...] = ()


@dataclass(frozen=True)
class SizeRule:
    """Sides in pixels: multiples of `multiple` from `smallest` to `largest`, at most `most_pixels` in all.

    Where `listed` is not empty, only those sizes are legal. `native` is the size the model was trained at.
    """

    native: Size
    multiple: int
    smallest: int
    largest: int
    most_pixels: int
    listed: tuple[Size, ...] = ()

    def allows(self, size: Size) -> bool:
        """Whether the model renders exactly this size."""
        if self.listed:
            return size in self.listed
        sides_fit = all(
            self.smallest <= side <= self.largest and side % self.multiple == 0 for side in (size.width, size.height)
        )
        return sides_fit and size.width * size.height <= self.most_pixels

    def nearest(self, size: Size) -> Size:
        """The legal size closest to the asked one: of listed sizes the nearest in shape, then in area; else the asked
        size, shrunk in proportion to fit, each side to the nearest cell."""
        if self.listed:
            return min(self.listed, key=lambda legal: _distance(legal, size))
        shrink = min(
            1.0,
            self.largest / max(size.width, size.height),
            (self.most_pixels / (size.width * size.height)) ** 0.5,
        )
        width, height = size.width * shrink, size.height * shrink
        around = [Size(w, h) for w in self._sides_around(width) for h in self._sides_around(height)]
        legal = [candidate for candidate in around if self.allows(candidate)]
        if not legal:
            return self._longest_strip(upright=size.height > size.width)
        # Of two as near as each other, the larger.
        return min(legal, key=lambda near: (_gap(near, width, height), -near.width * near.height))

    def reduced_from(self, size: Size) -> Size | None:
        """The smallest listed size of which the asked one is a whole fraction, a half or less; None where none is."""
        multiples = [legal for legal in self.listed if _is_multiple(legal, size)]
        return min(multiples, key=lambda legal: legal.width, default=None)

    def _sides_around(self, side: float) -> tuple[int, int]:
        """The legal sides next below and above; equal at the ends of the range."""
        lowest = -(-self.smallest // self.multiple) * self.multiple
        highest = self.largest // self.multiple * self.multiple
        below = int(side / self.multiple) * self.multiple
        above = -int(-side // self.multiple) * self.multiple
        return min(max(below, lowest), highest), min(max(above, lowest), highest)

    def _longest_strip(self, *, upright: bool) -> Size:
        """The longest legal size of the smallest side, for an asked one too long and thin to shrink in proportion."""
        short, highest = self._sides_around(0)[0], self._sides_around(self.largest)[0]
        long = min(highest, self.most_pixels // short // self.multiple * self.multiple)
        return Size(short, long) if upright else Size(long, short)

    def __str__(self) -> str:
        if len(self.listed) > _MOST_NAMED:
            return f"one of {len(self.listed)} sizes, {self.listed[0]} to {self.listed[-1]}"
        if self.listed:
            return "one of " + ", ".join(map(str, self.listed))
        sides = f"{self.smallest} to {self.largest} pixels a side in multiples of {self.multiple}"
        is_tight = self.most_pixels < self.largest**2
        return f"{sides}, at most {self.most_pixels} pixels in all" if is_tight else sides


def _is_multiple(larger: Size, size: Size) -> bool:
    """Whether both sides are the same whole number of times as long, at least twice."""
    factor = larger.width // size.width
    return factor > 1 and larger == Size(size.width * factor, size.height * factor)


def _gap(size: Size, width: float, height: float) -> float:
    return (size.width - width) ** 2 + (size.height - height) ** 2


def _distance(legal: Size, size: Size) -> tuple[float, int]:
    """How far apart two sizes are in shape (equally for wide and tall ones), then in area."""
    stretch = log(legal.width * size.height) - log(legal.height * size.width)
    return abs(stretch), abs(legal.width * legal.height - size.width * size.height)


@dataclass(frozen=True)
class StepRange:
    """Denoising steps: legal range and what is used when nobody says."""

    lowest: int
    highest: int
    default: int


@dataclass(frozen=True)
class GuidanceRange:
    """Guidance scale: legal range and what is used when nobody says; None where the provider keeps that to itself."""

    lowest: float
    highest: float
    default: float | None


@dataclass(frozen=True)
class Capabilities:
    """The facts of one model on one engine.

    `samplers` lists canonical names, the default first; `sampler_aliases` maps other accepted spellings to
    them. `batch` is the most images one call renders; `parallel` tells whether renders in several threads of
    one process are faster than one after another; `previews` whether a render shows its picture as it forms;
    `hosted` tells whether a call leaves the machine; `windows` whether a tile's noise is cut from its canvas's;
    `levers` names what an engine can do to need less memory (see `EngineOptions.levers`); `largest_seed` is the highest
    it takes; `strength` tells whether img2img can be told how far to leave its picture; `formats` are the media types
    pictures come in, the usual first; `watermark` whether they carry one nobody sees; `reduces` whether it makes whole
    fractions of its listed sizes, by `Recipe.extras` that say what they are reduced from (`engines.reduction`).
    """

    sizes: SizeRule
    seed: SeedGrade
    steps: StepRange | None
    guidance_scale: GuidanceRange | None
    negative_prompt: bool
    img2img: bool
    samplers: tuple[str, ...] = ()
    sampler_aliases: tuple[tuple[str, str], ...] = ()
    batch: int = 1
    parallel: bool = False
    previews: bool = False
    hosted: bool = False
    windows: bool = False
    levers: tuple[str, ...] = ()
    largest_seed: int = LARGEST_SEED
    strength: bool = True
    formats: tuple[str, ...] = ("image/png",)
    watermark: bool = False
    reduces: bool = False
    lifecycle: Lifecycle = field(default_factory=Lifecycle)

    def reduced_from(self, size: Size) -> Size | None:
        """The size that a picture of this size is made at and reduced from; None where the model does not do that."""
        return self.sizes.reduced_from(size) if self.reduces and not self.sizes.allows(size) else None
