"""The Upscaler protocol: what gives a picture more pixels, and its facts as data.

An upscaler is bound to one set of weights when it is opened. Opening and identifying read files at most; weights are
loaded by the first `enlarge`. The contract, tested by `tests/upscalers/contract.py` for every member:

- `enlarge` of a patch gives exactly `factor` times its sides, and the same pixels each time;
- a patch that begins at multiples of `facts.align_px`, with `facts.halo_px` of real context around it, gives inside
  what the whole picture gives, within `facts.tolerance_levels`;
- the identity changes with any weight file;
- patches are RGB of at least one pixel: `upscalers.channels` brings alpha and grey to that and back;
- patches have 8 bits, or 16 where `facts.takes_16_bits` says so; the answer has as many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from renderlock.imaging.pixels import Raster
from renderlock.spec.identity import ModelIdentity

ENGINE = "upscale"
"""The engine that recipes of enlarged pictures name."""


class Detail(StrEnum):
    """Where the detail of an enlarged picture comes from.

    `interpolated`: from the picture's own pixels only. `restored`: a network trained to come near the original.
    `invented`: a network trained to look sharp, which may paint what was never there.
    """

    INTERPOLATED = "interpolated"
    RESTORED = "restored"
    INVENTED = "invented"

    @property
    def gentleness(self) -> int:
        """2 for what invents nothing, 0 for what may invent: a fallback goes up this scale."""
        return (Detail.INVENTED, Detail.RESTORED, Detail.INTERPOLATED).index(self)


@dataclass(frozen=True)
class UpscalerFacts:
    """What is known about one upscaler before it runs.

    `scales` are the factors of one pass, smallest first; empty means any size at once. `halo_px` is the context, in
    source pixels, that makes a tile equal to the whole within `tolerance_levels` (8-bit levels, worst pixel), where
    patches begin at multiples of `align_px`. `multiple` is what the sides of a patch are filled up to inside.
    `tile_px` is the side of the tiles that suit it. `cpu_seconds_per_megapixel` is measured, per megapixel of the
    result of one pass, on one core; None where it is not. `licence` is that of the weights, and `weights_from` says
    how a user gets them. One that does not take 16 bits is given 8, and its detail is laid over the picture's 16.
    """

    reference: str
    summary: str
    scales: tuple[int, ...]
    halo_px: int
    detail: Detail
    licence: str
    weights_from: str
    tolerance_levels: int = 0
    align_px: int = 1
    multiple: int = 1
    tile_px: int = 256
    cpu_seconds_per_megapixel: float | None = None
    hosted: bool = False
    takes_16_bits: bool = False

    @property
    def is_learned(self) -> bool:
        """Whether a network does the work."""
        return self.detail is not Detail.INTERPOLATED


class Upscaler(Protocol):
    """One set of weights, ready to enlarge pictures."""

    @property
    def facts(self) -> UpscalerFacts:
        """The facts of this upscaler."""

    def identify(self) -> ModelIdentity:
        """The exact weights behind the reference this upscaler was opened with.

        Raises `ModelUnavailable` where files are missing or damaged.
        """

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        """A patch (H x W x 3, 8 or 16 bits) as `factor` H x `factor` W x 3 of as many bits.

        `factor` is one of `facts.scales`; any from 1 to 16 where those are empty. Raises `ModelUnavailable`,
        `EngineFailed` or `OutOfMemory`.
        """

    def close(self) -> None:
        """Lets go of the weights; a later `enlarge` may load them again."""


def sha256_of_file(path: Path) -> str:
    """SHA-256 (hex) of a file of any size; raises `OSError` where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class UpscalerOptions:
    """What the machine's owner decides for all upscalers; none of it changes pixels on one machine.

    `threads` is the number of CPU threads of one patch; `device` is where networks in torch run; `hash_file` gives
    the SHA-256 of weight files, from memory where the caller has one.
    """

    threads: int = 1
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    hash_file: Callable[[Path], str] = sha256_of_file


class UpscalerFactory(Protocol):
    """What an upscaler's module exports, and what the entry-point group `renderlock.upscalers` points at."""

    def __call__(self, model: str, options: UpscalerOptions) -> Upscaler:
        """The upscaler for `model`, the part of a reference after the upscaler's name and colon.

        Raises `UnknownName`, `MissingDependency` or `ModelUnavailable`; loads no weights.
        """
