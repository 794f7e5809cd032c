"""The dry run says what the run then does, also for steps that wait for others of the same run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.actions.runs import execute, run_of

from renderlock.actions.campaign import RunOptions
from renderlock.actions.estimate import StepEstimate, estimate
from renderlock.actions.jobs import Selection

MAIN = RunOptions(Selection(steps=frozenset({"quick-pass", "final-render"})))


def estimates(path: Path, options: RunOptions = MAIN) -> dict[str, StepEstimate]:
    with run_of(path, options) as run:
        return {one.plan.step.name: one for one in estimate(run)}


@pytest.mark.parametrize("keys", ["needs: quick-pass", "init_from: quick-pass, strength: 0.5"])
def test_a_step_after_one_of_the_same_run_is_counted_as_the_run_renders_it(locked: Path, keys: str) -> None:
    text = locked.read_text().replace(", gate: approval", "")
    locked.write_text(text.replace("num_inference_steps: 3}", f"num_inference_steps: 3, {keys}}}"))
    before = estimates(locked)
    result = execute(locked, MAIN)
    assert [one.missing for one in before.values()] == [4, 4]
    assert result.count("rendered") == 8
    assert before["final-render"].plan.held == result.held == ()
    assert [one.missing for one in estimates(locked).values()] == [0, 0]


def test_a_step_that_needs_one_outside_the_run_is_held_in_both(locked: Path) -> None:
    text = locked.read_text().replace(", gate: approval", "")
    locked.write_text(text.replace("num_inference_steps: 3}", "num_inference_steps: 3, needs: quick-pass}"))
    options = RunOptions(Selection(steps=frozenset({"final-render"})))
    (before,) = estimates(locked, options).values()
    assert before.plan.held == execute(locked, options).held
    assert before.missing == 0


def test_a_gate_holds_in_the_dry_run_too(locked: Path) -> None:
    final = estimates(locked)["final-render"]
    assert (final.missing, len(final.plan.held)) == (0, 2)


def test_the_same_recipe_twice_is_rendered_and_counted_once(locked: Path) -> None:
    locked.write_text(locked.read_text().replace("a yellow star", "a red apple"))
    quick = estimates(locked)["quick-pass"]
    result = execute(locked, MAIN)
    assert (quick.missing, quick.there) == (2, 2)
    assert (result.count("rendered"), result.count("cached")) == (2, 2)
