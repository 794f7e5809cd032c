"""Which samplers a model offers, from the scheduler that it ships with."""

from __future__ import annotations

import pytest

from renderlock.engines.diffusers_local.samplers import DIFFUSION_SAMPLERS, Sampler, samplers_for

EVERY_NAME = {sampler.name for sampler in DIFFUSION_SAMPLERS}


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"_class_name": "EulerDiscreteScheduler"}, "euler"),
        ({"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": True}, "euler_karras"),
        ({"_class_name": "EulerAncestralDiscreteScheduler"}, "euler_a"),
        ({"_class_name": "PNDMScheduler", "skip_prk_steps": True}, "pndm"),
        ({"_class_name": "DPMSolverMultistepScheduler"}, "dpmpp_2m"),
        ({"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++"}, "dpmpp_2m_sde"),
        ({"_class_name": "DDIMScheduler"}, "ddim"),
    ],
)
def test_the_scheduler_a_model_ships_with_is_the_default_under_its_usual_name(
    config: dict[str, object], name: str
) -> None:
    samplers = samplers_for(config)

    assert samplers[0].name == name
    assert samplers[0].settings == ()
    assert {sampler.name for sampler in samplers} == EVERY_NAME


@pytest.mark.parametrize(
    "config",
    [
        {"_class_name": "DPMSolverMultistepScheduler", "solver_order": 3},
        {"_class_name": "PNDMScheduler", "skip_prk_steps": False},
        {"_class_name": "EulerDiscreteScheduler", "use_beta_sigmas": True},
    ],
)
def test_a_shipped_scheduler_with_settings_of_its_own_keeps_its_class_name(config: dict[str, object]) -> None:
    samplers = samplers_for(config)

    assert samplers[0] == Sampler(str(config["_class_name"]), str(config["_class_name"]))
    assert {sampler.name for sampler in samplers[1:]} == EVERY_NAME


@pytest.mark.parametrize("name", ["LCMScheduler", "TCDScheduler", "SCMScheduler"])
def test_a_distilled_models_scheduler_is_its_only_one(name: str) -> None:
    assert samplers_for({"_class_name": name}) == (Sampler(name, name),)


def test_a_flow_matching_model_takes_no_sampler_of_the_noise_schedule_kind() -> None:
    assert [sampler.name for sampler in samplers_for({"_class_name": "FlowMatchEulerDiscreteScheduler"})] == ["euler"]
    solver = {"_class_name": "DPMSolverMultistepScheduler", "prediction_type": "flow_prediction"}
    assert [sampler.name for sampler in samplers_for(solver)] == ["dpmpp_2m"]


def test_a_model_without_a_scheduler_has_no_choice() -> None:
    assert samplers_for({}) == ()


@pytest.mark.parametrize("sampler", DIFFUSION_SAMPLERS, ids=lambda sampler: sampler.name)
def test_every_spelling_leads_to_one_sampler(sampler: Sampler) -> None:
    samplers = samplers_for({"_class_name": sampler.scheduler, **dict(sampler.settings)})

    spellings = [spelling for known in samplers for spelling in (known.name, *known.spellings)]

    assert samplers[0].name == sampler.name
    assert len(set(spellings)) == len(spellings)
    assert sampler.scheduler in samplers[0].spellings
