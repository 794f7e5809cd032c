"""Which seeds of an asset may pass into a step, and what holds the others back.

A gate lets through the seeds that were approved, and every step after it keeps to those; any other step lets
a seed through once it has rendered it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from renderlock.actions.review import Decision
from renderlock.spec.pipeline import Step
from renderlock.store.address import Address

Decisions = Mapping[Address, Decision]


@dataclass(frozen=True)
class Passed:
    """A step as it stands for one asset before the next step.

    `pictures` holds the address of each planned seed, None where it is missing. `narrowed` tells that these seeds are
    what an earlier gate let through, `held` that the asset could not enter the step in full; seeds in `coming` are
    missing, but rendered before the next step.
    """

    step: Step
    pictures: Mapping[int, Address | None]
    narrowed: bool
    held: bool
    coming: frozenset[int] = frozenset()

    def has(self, seed: int) -> bool:
        """Whether the picture of a seed is there when the next step begins."""
        return self.pictures.get(seed) is not None or seed in self.coming

    def lacks(self, seed: int) -> bool:
        """Whether the next step has to wait for a seed; a seed that this step never renders is not waited for."""
        return not self.has(seed) and (self.held or seed in self.pictures)


@dataclass(frozen=True)
class Passage:
    """The seeds that may be rendered, and why the others may not ("" where all may)."""

    seeds: tuple[int, ...]
    reason: str = ""


def pass_into(step: Step, seeds: Sequence[int], before: Sequence[Passed], decisions: Decisions) -> Passage:
    """The passage of an asset with its own `seeds` into a step, after the steps `before` it."""
    narrowings: list[tuple[int, ...]] = []
    for passed in before:
        if passed.step.gate:
            approved = _approved_seeds(passed, decisions)
            if not approved:
                return Passage((), _why_none_is_approved(passed, decisions))
            narrowings.append(approved)
        elif passed.narrowed:
            narrowings.append(tuple(passed.pictures))
    candidates = _in_all(narrowings) if narrowings else tuple(seeds)
    if narrowings and not candidates and all(narrowings):
        return Passage((), f"no seed is approved in all of {', '.join(passed.step.name for passed in before)}")
    reasons = tuple(filter(None, (_why_seeds_wait(step, passed, candidates) for passed in before)))
    through = tuple(seed for seed in candidates if not any(_must_wait(step, passed, seed) for passed in before))
    return Passage(through, reasons[0] if reasons else "")


def _approved_seeds(gate: Passed, decisions: Decisions) -> tuple[int, ...]:
    said = ((seed, decisions.get(address)) for seed, address in gate.pictures.items() if address)
    return tuple(seed for seed, decision in said if decision and decision.word == "approve")


def _why_none_is_approved(gate: Passed, decisions: Decisions) -> str:
    name = gate.step.name
    there = [address for address in gate.pictures.values() if address]
    if not there:
        return f"needs {name} first"
    undecided = [address for address in there if address not in decisions]
    if undecided:
        return f"waits for approval of {name}: renderlock approve {undecided[0]}"
    if len(there) < len(gate.pictures):
        return f"needs {name} first{_listed(seed for seed in gate.pictures if not gate.has(seed))}"
    return f"every picture of {name} was rejected: change the prompt or the seeds"


def _why_seeds_wait(step: Step, passed: Passed, candidates: Sequence[int]) -> str:
    """Why some of the candidates may not pass yet; "" where all may."""
    waiting = [seed for seed in candidates if passed.lacks(seed)]
    if waiting or (passed.held and not candidates):
        return f"needs {passed.step.name} first{_listed(waiting)}"
    sourceless = [seed for seed in candidates if _must_wait(step, passed, seed)]
    if sourceless:
        return f"starts from {passed.step.name}, which does not render it{_listed(sourceless)}"
    return ""


def _must_wait(step: Step, passed: Passed, seed: int) -> bool:
    return passed.lacks(seed) or (step.init_from == passed.step.name and not passed.has(seed))


def _in_all(narrowings: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    first, *others = narrowings
    return tuple(seed for seed in first if all(seed in other for other in others))


def _listed(seeds: Iterable[int]) -> str:
    """The first seeds, as they end a sentence."""
    texts = [str(seed) for seed in seeds]
    return f" (seed {', '.join(texts[:5])}{', …' if len(texts) > 5 else ''})" if texts else ""
