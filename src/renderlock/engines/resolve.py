"""From what a person asked to an exact recipe, or a refusal that names everything at once.

Defaults are filled in here and nowhere else, so a recipe never depends on who made it. What the model
cannot do is refused before anything is spent, with the nearest legal value; with `deviations="record"`
the nearest is taken and noted. A whole fraction of a listed size is made by reducing that: it is delivered as
asked, so it is noted and never refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from renderlock.engines.capabilities import Capabilities, Lifecycle, LifecycleState, SeedGrade
from renderlock.engines.reduction import REDUCED_FROM, reduction_deviation
from renderlock.errors import ModelRetired, NotCapable
from renderlock.spec.deviation import Deviation
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.recipe import Init, Recipe, Size

DeviationPolicy = Literal["refuse", "record"]


@dataclass(frozen=True)
class Request:
    """One picture as a person asks for it; None means "as the model does it by default"."""

    prompt: str
    seed: int
    size: Size | None = None
    negative_prompt: str = ""
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None
    init: Init | None = None


@dataclass(frozen=True)
class Resolved:
    """The exact recipe, and what in it differs from the request."""

    recipe: Recipe
    deviations: tuple[Deviation, ...]


def resolve(request: Request, identity: ModelIdentity, capabilities: Capabilities, policy: DeviationPolicy) -> Resolved:
    """The recipe for `request` on a model, with defaults filled in.

    Raises `NotCapable` with every impossible wish at once; with `policy="record"` only what has no nearest
    legal value (an init picture for a model without img2img). Raises `ModelRetired` for a model that is gone.
    """
    _refuse_retired(identity, capabilities.lifecycle)
    wishes = _Wishes(capabilities)
    recipe = Recipe(
        model=identity.key,
        prompt=request.prompt,
        negative_prompt=wishes.negative_prompt(request.negative_prompt),
        seed=wishes.seed(request.seed),
        size=wishes.size(request.size),
        steps=wishes.steps(request.steps),
        guidance_scale=wishes.guidance_scale(request.guidance_scale),
        sampler=wishes.sampler(request.sampler),
        init=wishes.init(request.init),
        extras=wishes.extras(request.size),
    )
    refused = wishes.impossible if policy == "record" else wishes.impossible + wishes.deviations
    if refused:
        listing = "\n".join(f"  {deviation}" for deviation in refused)
        raise NotCapable(model=f"{identity.engine}:{identity.model}", listing=listing)
    return Resolved(recipe, (*wishes.informed, *wishes.deviations))


@dataclass
class _Wishes:
    """Holds each wish against the capabilities and collects what cannot be granted as asked.

    `informed` holds what is granted as asked by a way that people should know of.
    """

    facts: Capabilities
    informed: list[Deviation] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    impossible: list[Deviation] = field(default_factory=list)

    def _note(self, name: str, asked: object, done: object, reason: str) -> None:
        self.deviations.append(Deviation(name, str(asked), str(done), reason))

    def size(self, asked: Size | None) -> Size:
        rule = self.facts.sizes
        if asked is None:
            return rule.native
        if rule.allows(asked):
            return asked
        if larger := self.facts.reduced_from(asked):
            self.informed.append(reduction_deviation(asked, larger, f"the model renders {rule}"))
            return asked
        nearest = rule.nearest(asked)
        self._note("size", asked, nearest, f"the model renders {rule}")
        return nearest

    def extras(self, asked: Size | None) -> tuple[tuple[str, str], ...]:
        larger = None if asked is None else self.facts.reduced_from(asked)
        return () if larger is None else ((REDUCED_FROM, str(larger)),)

    def seed(self, asked: int) -> int:
        if self.facts.seed is SeedGrade.NONE and asked != 0:
            self._note("seed", asked, "no seed", "the model takes no seed")
            return 0
        largest = self.facts.largest_seed
        if asked > largest:
            self._note("seed", asked, asked % (largest + 1), f"the model takes seeds up to {largest}")
            return asked % (largest + 1)
        return asked

    def steps(self, asked: int | None) -> int | None:
        rule = self.facts.steps
        if rule is None:
            if asked is not None:
                self._note("steps", asked, "the model's own", "the model has no such control")
            return None
        if asked is None:
            return rule.default
        legal = min(max(asked, rule.lowest), rule.highest)
        if legal != asked:
            self._note("steps", asked, legal, f"the model takes {rule.lowest} to {rule.highest}")
        return legal

    def guidance_scale(self, asked: float | None) -> float | None:
        rule = self.facts.guidance_scale
        if rule is None:
            if asked is not None:
                self._note("guidance_scale", asked, "the model's own", "the model has no such control")
            return None
        if asked is None:
            return rule.default
        legal = min(max(asked, rule.lowest), rule.highest)
        if legal != asked:
            self._note("guidance_scale", asked, legal, f"the model takes {rule.lowest:g} to {rule.highest:g}")
        return legal

    def sampler(self, asked: str | None) -> str | None:
        known = self.facts.samplers
        if not known:
            if asked is not None:
                self._note("sampler", asked, "the model's own", "the model has no such control")
            return None
        if asked is None:
            return known[0]
        spellings = {name: name for name in known} | dict(self.facts.sampler_aliases)
        if asked in spellings:
            return spellings[asked]
        near = get_close_matches(asked, spellings, 1)
        nearest = spellings[near[0]] if near else known[0]
        self._note("sampler", asked, nearest, f"the model has {', '.join(known)}")
        return nearest

    def negative_prompt(self, asked: str) -> str:
        if asked and not self.facts.negative_prompt:
            self._note("negative_prompt", repr(asked), "none", "the model takes no negative prompt")
            return ""
        return asked

    def init(self, asked: Init | None) -> Init | None:
        if asked is not None and not self.facts.img2img:
            reason = "the model cannot start from a picture"
            self.impossible.append(Deviation("init", "img2img", "not possible", reason))
            return None
        if asked is not None and not self.facts.strength:
            self._note("strength", f"{asked.strength:g}", "the model's own", "the model has no such control")
        return asked


def _refuse_retired(identity: ModelIdentity, lifecycle: Lifecycle) -> None:
    if lifecycle.state is LifecycleState.RETIRED:
        raise ModelRetired(
            model=f"{identity.engine}:{identity.model}",
            words=f"retired since {lifecycle.on}" if lifecycle.on else "retired",
            successors=", ".join(lifecycle.successors) or "none named",
            successor=lifecycle.successors[0] if lifecycle.successors else "MODEL",
        )
