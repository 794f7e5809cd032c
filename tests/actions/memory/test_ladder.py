"""The ladder as data: its rungs, what applies to a model, and where the plan changes."""

from __future__ import annotations

import itertools

import pytest
from tests.actions.memory.samples import LOCAL, facts

from renderlock.actions.memory.ladder import DEFAULT_ORDER, RUNGS, STORY_ORDER, rungs_for, stages
from renderlock.errors import UnknownName
from renderlock.spec.finishing import RUNGS as PIPELINE_NAMES


def test_the_pipeline_and_the_ladder_name_the_same_rungs() -> None:
    assert set(PIPELINE_NAMES) == {rung.name for rung in RUNGS} == set(STORY_ORDER)
    assert list(DEFAULT_ORDER) == [name for name, _ in itertools.groupby(rung.name for rung in RUNGS)]


def test_only_rungs_that_change_pixels_need_another_recipe_or_plan() -> None:
    assert all(rung.changes_pixels == (rung.kind in {"recipe", "plan"}) for rung in RUNGS)
    assert not any(rung.rounds and rung.changes_pixels for rung in RUNGS)


def test_a_model_takes_the_rungs_it_has_levers_for() -> None:
    names = [rung.name for rung in rungs_for(facts(levers=("split-guidance",)), device="cpu")]

    assert names == ["unload", "split-guidance", "smaller-tiles", "sampler", "lower-resolution"]


def test_weights_are_moved_off_accelerators_only() -> None:
    on_cpu, on_cuda = (rungs_for(LOCAL, device=device, order=["offload"]) for device in ("cpu", "cuda"))

    assert on_cpu == ()
    assert [rung.lever for rung in on_cuda] == ["model-offload", "layer-offload"]


def test_a_hosted_model_can_only_be_planned_otherwise() -> None:
    rungs = rungs_for(facts(hosted=True, levers=LOCAL.levers), device="cuda")

    assert {rung.kind for rung in rungs} == {"plan"}


def test_the_order_is_the_pipelines() -> None:
    rungs = rungs_for(LOCAL, device="cpu", order=STORY_ORDER)

    assert [rung.name for rung in rungs][:3] == ["unload", "lower-resolution", "sampler"]


def test_stages_are_cut_where_the_plan_changes_and_keep_what_was_allowed_before() -> None:
    order = ["unload", "smaller-tiles", "split-guidance", "sampler"]

    found = stages(rungs_for(LOCAL, device="cpu", order=order))

    told = [(stage.plan and stage.plan.name, [rung.name for rung in stage.rungs]) for stage in found]
    assert told == [
        (None, ["unload"]),
        ("smaller-tiles", ["unload", "split-guidance"]),
        ("sampler", ["unload", "split-guidance"]),
    ]


def test_no_rungs_leave_the_plan_as_it_is() -> None:
    assert [(stage.plan, stage.rungs) for stage in stages(())] == [(None, ())]


def test_an_unknown_rung_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="smaler-tiles") as refused:
        rungs_for(LOCAL, order=["smaler-tiles"])

    assert "Did you mean smaller-tiles?" in refused.value.advice
