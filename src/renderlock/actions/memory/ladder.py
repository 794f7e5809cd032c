"""The ladder as data: what can be done when a render does not fit, each rung with what it does to the pixels.

The order is a policy of the pipeline (`memory_ladder`). Rungs of the kinds `unload`, `lever` and `recipe` are taken
inside one render, by the steward; a `plan` rung changes how a final is put together, so the planner of finals takes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from renderlock.engines.capabilities import Capabilities
from renderlock.errors import UnknownName
from renderlock.spec.finishing import RUNGS as RUNG_NAMES
from renderlock.spec.finishing import Rung as RungName

RungKind = Literal["unload", "lever", "recipe", "plan"]


@dataclass(frozen=True)
class Rung:
    """One thing to do when memory does not suffice.

    `changes_pixels` tells whether it gives another picture: then it is another recipe and a deviation. A rung that
    only `rounds` gives the same picture in other arithmetic: single values may come out one level higher or lower.
    `lever` names what the engine is told: one of `Capabilities.levers`; for the kind `recipe` it is a name of
    `Recipe.extras` as well. `says` is what was done, for people.
    """

    name: RungName
    kind: RungKind
    changes_pixels: bool
    says: str
    lever: str = ""
    rounds: bool = False
    on: frozenset[str] = frozenset({"cpu", "cuda", "mps"})


VAE_TILE = "vae_tile_px"
"""The name in `Recipe.extras` of the side of the tiles that a picture is decoded in."""

_ACCELERATORS = frozenset({"cuda", "mps"})

RUNGS = (
    Rung("unload", "unload", False, "unloaded everything else and tried again", lever="lean-allocation"),
    Rung("vae-tiling", "recipe", True, "decoded the picture in overlapping tiles", lever=VAE_TILE),
    Rung("attention-slicing", "lever", False, "computed attention in slices", lever="attention-slicing", rounds=True),
    Rung(
        "split-guidance",
        "lever",
        False,
        "evaluated prompt and negative prompt one after the other",
        lever="split-guidance",
        rounds=True,
    ),
    Rung("offload", "lever", False, "kept only the part at work on the device", "model-offload", on=_ACCELERATORS),
    Rung("offload", "lever", False, "kept only the layer at work on the device", "layer-offload", on=_ACCELERATORS),
    Rung("smaller-tiles", "plan", True, "rendered the final in more and smaller tiles"),
    Rung("sampler", "plan", True, "took a sampler that keeps no history"),
    Rung("lower-resolution", "plan", True, "rendered at a lower resolution and enlarged the result"),
)
"""Every rung, cheapest in quality first. A name may stand for several rungs, taken one after the other."""

DEFAULT_ORDER: tuple[str, ...] = RUNG_NAMES
"""What is taken where the pipeline names no order."""

STORY_ORDER: tuple[RungName, ...] = (
    "unload",
    "lower-resolution",
    "sampler",
    "smaller-tiles",
    "vae-tiling",
    "attention-slicing",
    "split-guidance",
    "offload",
)
"""Resolution first, as the team of the story did it: quickest to a picture, dearest in quality."""


@dataclass(frozen=True)
class Stage:
    """A plan, and what may be tried within it: `plan` is the plan rung taken to get here, None for the plan as it is.

    `rungs` are the steward's, in order; those of earlier stages are among them.
    """

    plan: Rung | None
    rungs: tuple[Rung, ...]


def rungs_named(name: str) -> tuple[Rung, ...]:
    """The rungs of that name; raises `UnknownName` with the nearest one."""
    found = tuple(rung for rung in RUNGS if rung.name == name)
    if not found:
        near = get_close_matches(name, DEFAULT_ORDER, 1)
        known = ", ".join(DEFAULT_ORDER) + (f". Did you mean {near[0]}?" if near else "")
        raise UnknownName(kind="memory rung", name=name, known=known)
    return found


def rungs_for(facts: Capabilities, *, device: str = "cpu", order: Iterable[str] = RUNG_NAMES) -> tuple[Rung, ...]:
    """The rungs of an order that a model can take on a device (`cpu`, `cuda`, `mps`), plan rungs included.

    A hosted model takes plan rungs only. Raises `UnknownName`.
    """
    rungs = [rung for name in dict.fromkeys(order) for rung in rungs_named(name)]
    return tuple(rung for rung in rungs if _applies(rung, facts, device))


def stages(rungs: Collection[Rung]) -> tuple[Stage, ...]:
    """The rungs cut where the plan changes.

    The planner renders each stage in turn, the next one where the steward raised `OutOfMemory`; the first stage is the
    plan as it is.
    """
    found = [Stage(None, ())]
    for rung in rungs:
        last = found[-1]
        if rung.kind == "plan":
            found.append(Stage(rung, last.rungs))
        else:
            found[-1] = Stage(last.plan, (*last.rungs, rung))
    return tuple(found)


def _applies(rung: Rung, facts: Capabilities, device: str) -> bool:
    if rung.kind == "plan":
        return True
    if facts.hosted or device not in rung.on:
        return False
    return rung.kind == "unload" or rung.lever in facts.levers
