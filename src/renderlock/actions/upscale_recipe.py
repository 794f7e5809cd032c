"""The recipe of an enlarged picture: everything that determines its pixels, so that no work is done twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.upscalers.base import Upscaler
from renderlock.upscalers.tiled import plan_enlargement

METHOD = "upscale/1"
"""How tiles, passes, projection and mixing are done; rises when the same recipe would give other pixels."""


class NamedGate(Protocol):
    """A gate as far as a recipe names it."""

    @property
    def name(self) -> str:
        """Its measures, limits and readers, as one short text that changes when any of them does."""


def upscale_recipe(
    upscaler: Upscaler,
    source: tuple[str, Size],
    target: Size,
    *,
    gentler: Sequence[Upscaler] = (),
    gate: NamedGate | None = None,
    project: bool = True,
) -> Recipe:
    """The recipe of a picture enlarged to `target`; `source` is the digest of its pixels and its size.

    Tile and halo are in it, as not every network's tiles are exact; so are the gate and those a gate may fall back to.
    """
    plan = plan_enlargement(upscaler.facts, source[1], target)
    extras: dict[str, str | int | float | bool] = {
        "method": METHOD,
        "passes": "x".join(map(str, plan.passes)),
        "tile": plan.tile_px,
        "halo": plan.halo_px,
        "project": project and upscaler.facts.is_learned,
        "gate": "" if gate is None else gate.name,
        "gentler": ", ".join(_short(other.identify()) for other in gentler) if gate is not None else "",
    }
    return Recipe(
        model=upscaler.identify().key,
        prompt="",
        seed=0,
        size=target,
        init=Init(source[0], 1.0),
        extras=tuple(extras.items()),
    )


def _short(identity: ModelIdentity) -> str:
    return f"{identity.key.reference} {identity.key.surface} {identity.key.weights[:16]}".rstrip()
