"""The samplers by their k-diffusion names, each as a diffusers scheduler class and the settings that make it so.

Every render gets a scheduler of its own, built from the config the model ships with and the settings here; the
model's own scheduler is always the default. Which name means which class follows diffusers' table
(https://huggingface.co/docs/diffusers/api/schedulers/overview).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sampler:
    """A name, the scheduler class behind it, what it changes in the shipped config, and other spellings."""

    name: str
    scheduler: str
    settings: tuple[tuple[str, str | int | bool], ...] = ()
    spellings: tuple[str, ...] = ()


_PLAIN = (("use_karras_sigmas", False), ("use_exponential_sigmas", False), ("use_beta_sigmas", False))
_KARRAS = (("use_karras_sigmas", True), ("use_exponential_sigmas", False), ("use_beta_sigmas", False))
_DPMPP = (("algorithm_type", "dpmsolver++"), ("solver_order", 2))
_DPMPP_SDE = (("algorithm_type", "sde-dpmsolver++"), ("solver_order", 2))

DIFFUSION_SAMPLERS = (
    Sampler("euler", "EulerDiscreteScheduler", _PLAIN, ("EulerDiscreteScheduler",)),
    Sampler("euler_karras", "EulerDiscreteScheduler", _KARRAS),
    Sampler("euler_a", "EulerAncestralDiscreteScheduler", (), ("euler_ancestral", "EulerAncestralDiscreteScheduler")),
    Sampler("heun", "HeunDiscreteScheduler", _PLAIN, ("HeunDiscreteScheduler",)),
    Sampler("heun_karras", "HeunDiscreteScheduler", _KARRAS),
    Sampler("dpmpp_2m", "DPMSolverMultistepScheduler", _DPMPP + _PLAIN, ("DPMSolverMultistepScheduler",)),
    Sampler("dpmpp_2m_karras", "DPMSolverMultistepScheduler", _DPMPP + _KARRAS),
    Sampler("dpmpp_2m_sde", "DPMSolverMultistepScheduler", _DPMPP_SDE + _PLAIN),
    Sampler("dpmpp_2m_sde_karras", "DPMSolverMultistepScheduler", _DPMPP_SDE + _KARRAS),
    Sampler("dpmpp_sde", "DPMSolverSinglestepScheduler", _DPMPP_SDE + _PLAIN, ("DPMSolverSinglestepScheduler",)),
    Sampler("dpmpp_sde_karras", "DPMSolverSinglestepScheduler", _DPMPP_SDE + _KARRAS),
    Sampler("ddim", "DDIMScheduler", (), ("DDIMScheduler",)),
    Sampler("unipc", "UniPCMultistepScheduler", _PLAIN, ("uni_pc", "UniPCMultistepScheduler")),
    Sampler("unipc_karras", "UniPCMultistepScheduler", _KARRAS),
    Sampler("lms", "LMSDiscreteScheduler", _PLAIN, ("LMSDiscreteScheduler",)),
    Sampler("lms_karras", "LMSDiscreteScheduler", _KARRAS),
    # Without its Runge-Kutta start, as Stable Diffusion ships it: other tools call that PLMS.
    Sampler("pndm", "PNDMScheduler", (("skip_prk_steps", True),), ("plms", "PNDMScheduler")),
)
"""For models trained on a noise schedule (SD 1, SD 2, SDXL and their like)."""

FLOW_SAMPLERS = (Sampler("euler", "FlowMatchEulerDiscreteScheduler", (), ("FlowMatchEulerDiscreteScheduler",)),)
"""For flow-matching models: what their pipelines' own timestep schedule can be handed to."""


def samplers_for(config: Mapping[str, object]) -> tuple[Sampler, ...]:
    """The samplers a model can use, its own first, from the scheduler config it ships with.

    The model's own has no settings, so that the shipped config is taken exactly as it is. It carries a name of
    the tables where it is that sampler, its class name where it is none of them.
    """
    scheduler = config.get("_class_name")
    if not isinstance(scheduler, str):
        return ()
    others = _table_for(scheduler, config)
    same_class = [sampler for sampler in (*DIFFUSION_SAMPLERS, *FLOW_SAMPLERS) if sampler.scheduler == scheduler]
    match = next((sampler for sampler in same_class if _describes(sampler, config)), None)
    if match is None:
        own = Sampler(scheduler, scheduler)
        return (own, *(_without_spelling(sampler, scheduler) for sampler in others))
    own = Sampler(match.name, scheduler, (), tuple(dict.fromkeys((*match.spellings, scheduler))))
    return (own, *(_without_spelling(sampler, scheduler) for sampler in others if sampler.name != own.name))


def _table_for(scheduler: str, config: Mapping[str, object]) -> tuple[Sampler, ...]:
    if "FlowMatch" in scheduler or config.get("use_flow_sigmas") or config.get("prediction_type") == "flow_prediction":
        return FLOW_SAMPLERS if scheduler == "FlowMatchEulerDiscreteScheduler" else ()
    if any(sampler.scheduler == scheduler for sampler in DIFFUSION_SAMPLERS):
        return DIFFUSION_SAMPLERS
    # A scheduler of another kind (LCM, TCD, SCM) belongs to a model distilled for it: no other one fits.
    return ()


_UNSET: Mapping[str, str | int | bool] = {"algorithm_type": "dpmsolver++", "solver_order": 2}
"""What diffusers takes where a shipped config says nothing; everything else is False."""


def _describes(sampler: Sampler, config: Mapping[str, object]) -> bool:
    return all((config.get(key, _UNSET.get(key, False)) or False) == value for key, value in sampler.settings)


def _without_spelling(sampler: Sampler, spelling: str) -> Sampler:
    spellings = tuple(other for other in sampler.spellings if other != spelling)
    return Sampler(sampler.name, sampler.scheduler, sampler.settings, spellings)
