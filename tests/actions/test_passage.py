"""Which seeds pass: gates narrow for good, other steps only have to be done, and every hold has its reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from renderlock.actions.passage import Passage, Passed, pass_into
from renderlock.actions.review import Decision, Word
from renderlock.spec.pipeline import Step
from renderlock.spec.roles import Role
from renderlock.store.address import Address

NEXT = Step("next", Role.FINAL, "embedded")


def passed(name: str, there: list[int], missing: tuple[int, ...] = (), *, narrowed: bool = False) -> Passed:
    """A plain step with pictures of some seeds."""
    return Passed(Step(name, Role.REVIEW, "embedded"), _pictures(name, there, missing), narrowed=narrowed, held=False)


def gate(name: str, there: list[int], missing: tuple[int, ...] = ()) -> Passed:
    """A gate with pictures of some seeds."""
    kind: Literal["approval"] = "approval"
    step = Step(name, Role.REVIEW, "embedded", gate=kind)
    return Passed(step, _pictures(name, there, missing), narrowed=False, held=False)


def said(word: Word, *pictures: str) -> dict[Address, Decision]:
    """The same decision about several pictures."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return {Address(one): Decision(Address(one), word, "Ada", at, "", "event") for one in pictures}


def _pictures(name: str, there: list[int], missing: tuple[int, ...]) -> dict[int, Address | None]:
    return {seed: Address(f"{name}-{seed}") for seed in there} | dict.fromkeys(missing)


def test_without_steps_before_every_seed_passes() -> None:
    assert pass_into(NEXT, [3, 1], [], {}) == Passage((3, 1))


def test_a_gate_gives_the_seeds_it_approved_in_place_of_the_assets_own() -> None:
    assert pass_into(NEXT, [0], [gate("quick", [0, 1, 7])], said("approve", "quick-7")) == Passage((7,))


def test_two_gates_let_through_only_what_both_approved() -> None:
    gates = [gate("a", [0, 1]), gate("b", [0, 1])]
    assert pass_into(NEXT, [0, 1], gates, said("approve", "a-0", "a-1", "b-1")) == Passage((1,))
    nothing = pass_into(NEXT, [0, 1], gates, said("approve", "a-0", "b-1"))
    assert nothing == Passage((), "no seed is approved in all of a, b")


def test_a_missing_picture_of_a_plain_step_is_no_way_around_a_gate() -> None:
    before = [passed("plain", [0], (1,)), gate("quick", [0, 1])]
    assert pass_into(NEXT, [0, 1], before, {}).seeds == ()
    both = pass_into(NEXT, [0, 1], before, said("approve", "quick-0", "quick-1"))
    assert both == Passage((0,), "needs plain first (seed 1)")


def test_a_step_after_a_narrowed_one_keeps_to_its_seeds_and_is_not_held() -> None:
    assert pass_into(NEXT, [0, 1, 2], [passed("middle", [1], narrowed=True)], {}) == Passage((1,))


def test_a_seed_that_the_step_before_never_renders_is_not_waited_for() -> None:
    assert pass_into(NEXT, [0, 1, 2], [passed("quick", [0])], {}) == Passage((0, 1, 2))


def test_a_step_cannot_start_from_a_picture_that_is_never_rendered() -> None:
    step = Step("next", Role.FINAL, "embedded", needs=("quick",), init_from="quick", strength=0.5)
    found = pass_into(step, [0, 1], [passed("quick", [0])], {})
    assert found == Passage((0,), "starts from quick, which does not render it (seed 1)")


def test_the_hint_names_a_picture_that_nobody_decided_about() -> None:
    found = pass_into(NEXT, [0], [gate("quick", [0, 1])], said("reject", "quick-0"))
    assert found.reason == "waits for approval of quick: renderlock approve quick-1"


def test_rejected_pictures_beside_missing_ones_wait_for_these() -> None:
    found = pass_into(NEXT, [0], [gate("quick", [0], (1,))], said("reject", "quick-0"))
    assert found.reason == "needs quick first (seed 1)"
