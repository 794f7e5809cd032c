"""What an engine can tell about its own memory, before a render and without its weights.

Optional beside the `Engine` protocol: an engine that has these members is predicted and helped by the memory
ladder (`actions.memory`); any other one is only measured.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from renderlock.spec.recipe import Recipe

MemoryGrade = Literal["dry-run", "table", "rule"]
"""How a figure was found: exact tensor lifetimes of this very shape, a table measured by us, or a rule of thumb."""


@dataclass(frozen=True)
class MemoryParts:
    """What a render needs, in bytes, as far as can be told without running it.

    `weights` stay for the whole render. `denoise`, `decode` and `encode` are the most that one denoising step, the
    decoding of the latent and the encoding of an init picture need on top, one after another; `load` is what reading
    the weights needs on top of them, before. `fixed` is what the libraries take besides.
    """

    weights: int
    denoise: int
    decode: int
    encode: int = 0
    load: int = 0
    fixed: int = 0
    grade: MemoryGrade = "dry-run"

    @property
    def working(self) -> int:
        """The largest of the phases, which do not overlap."""
        return max(self.denoise, self.decode, self.encode, self.load)

    @property
    def total(self) -> int:
        """The peak: what stays and the largest phase."""
        return self.weights + self.fixed + self.working

    @property
    def culprit(self) -> str:
        """The phase that sets the peak: "weights", "denoise", "decode" or "encode"."""
        phases = {"denoise": self.denoise, "decode": self.decode, "encode": self.encode, "weights": self.weights}
        return max(phases, key=lambda name: phases[name])


@runtime_checkable
class MemoryFacts(Protocol):
    """The optional members of an engine that knows its memory."""

    def memory(self, recipe: Recipe, levers: Collection[str]) -> MemoryParts:
        """What `recipe` needs with these levers of the capabilities at work; loads no weights.

        May import the engine's libraries and take seconds for a shape it has not seen.
        """

    def device(self) -> Literal["cpu", "cuda", "mps"]:
        """Where renders take their memory."""

    def device_peak(self) -> int | None:
        """The most that the last render took of an accelerator; None where the process itself is the measure."""

    def prepare(self) -> None:
        """Imports what a render needs, so that memory measured or limited from now on is the render's own."""

    def use_levers(self, levers: Collection[str]) -> None:
        """Makes later renders use exactly these levers; weights in memory are kept where the levers allow it."""
