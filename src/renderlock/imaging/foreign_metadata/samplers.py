"""Sampler names of every tool in one spelling: k-diffusion's short names, and the noise schedule beside them.

Tools name the same sampler "DPM++ 2M Karras", `dpmpp_2m` with `karras`, `dpmpp_2m_k` or `k_dpmpp_2m`; a search for
one finds all. A name that is not known gives None, and the tool's own spelling stays beside it.
"""

from __future__ import annotations

import re

_SCHEDULES = {
    "karras": "karras",
    "exponential": "exponential",
    "polyexponential": "polyexponential",
    "sgm uniform": "sgm_uniform",
    "simple": "simple",
    "normal": "normal",
    "uniform": "uniform",
    "ddim uniform": "ddim_uniform",
    "ddim": "ddim_uniform",
    "beta": "beta",
    "linear quadratic": "linear_quadratic",
    "kl optimal": "kl_optimal",
    "align your steps": "align_your_steps",
    "turbo": "turbo",
    "native": "native",
}

_SAMPLERS = {
    "euler": "euler",
    "euler a": "euler_a",
    "euler ancestral": "euler_a",
    "lms": "lms",
    "heun": "heun",
    "heunpp2": "heunpp2",
    "dpm2": "dpm_2",
    "dpm 2": "dpm_2",
    "kdpm 2": "dpm_2",
    "dpm2 a": "dpm_2_a",
    "dpm 2 a": "dpm_2_a",
    "kdpm 2 a": "dpm_2_a",
    "dpm 2 ancestral": "dpm_2_a",
    "dpm fast": "dpm_fast",
    "dpm adaptive": "dpm_adaptive",
    "dpmpp 2s a": "dpmpp_2s_a",
    "dpmpp 2s": "dpmpp_2s",
    "dpmpp 2s ancestral": "dpmpp_2s_a",
    "dpmpp sde": "dpmpp_sde",
    "dpmpp 2m": "dpmpp_2m",
    "dpmpp 2m v2": "dpmpp_2m_v2",
    "dpmpp 2m sde": "dpmpp_2m_sde",
    "dpmpp 2m sde heun": "dpmpp_2m_sde_heun",
    "dpmpp 3m sde": "dpmpp_3m_sde",
    "dpmpp 3m": "dpmpp_3m",
    "ddim": "ddim",
    "ddpm": "ddpm",
    "plms": "pndm",
    "pndm": "pndm",
    "unipc": "unipc",
    "uni pc": "unipc",
    "uni pc bh2": "unipc_bh2",
    "lcm": "lcm",
    "tcd": "tcd",
    "deis": "deis",
    "restart": "restart",
    "ipndm": "ipndm",
    "ipndm v": "ipndm_v",
    "res multistep": "res_multistep",
    "er sde": "er_sde",
    "sa solver": "sa_solver",
    "gradient estimation": "gradient_estimation",
}


def canonical_sampler(written: str | None) -> tuple[str | None, str | None]:
    """The sampler's k-diffusion name and the schedule that is part of `written`; None for what is not known."""
    if not written or len(written) > 100:
        return None, None
    words = _words(written)
    if words in _SAMPLERS:
        return _SAMPLERS[words], None
    for schedule, name in _SCHEDULES.items():
        if words.endswith(" " + schedule) and words.removesuffix(" " + schedule) in _SAMPLERS:
            return _SAMPLERS[words.removesuffix(" " + schedule)], name
    if words.endswith(" k") and words.removesuffix(" k") in _SAMPLERS:
        return _SAMPLERS[words.removesuffix(" k")], "karras"
    if words.startswith("k "):
        return canonical_sampler(words.removeprefix("k "))
    without_device = words.removesuffix(" gpu")
    return canonical_sampler(without_device) if without_device != words else (None, None)


def canonical_schedule(written: str | None) -> str | None:
    """The noise schedule's name; None where it is "automatic" or not known."""
    return _SCHEDULES.get(_words(written)) if written and len(written) <= 100 else None


def _words(written: str) -> str:
    plain = written.strip().lower().replace("++", "pp").replace("+", "p")
    plain = re.sub(r"[\s_\-]+", " ", plain)
    # NovelAI numbers its DDIM, and the old Invoke spelling glues 2m to dpmpp.
    plain = re.sub(r"^ddim v\d+$", "ddim", plain)
    return re.sub(r"^(k )?dpmpp(2|3|sde)", r"\1dpmpp \2", plain)
