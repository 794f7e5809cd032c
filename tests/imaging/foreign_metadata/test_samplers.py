from __future__ import annotations

import pytest

from renderlock.imaging.foreign_metadata.samplers import canonical_sampler, canonical_schedule


@pytest.mark.parametrize(
    ("written", "name", "schedule"),
    [
        ("Euler a", "euler_a", None),
        ("euler_ancestral", "euler_a", None),
        ("k_euler_ancestral", "euler_a", None),
        ("DPM++ 2M Karras", "dpmpp_2m", "karras"),
        ("DPM++ 2M SDE Exponential", "dpmpp_2m_sde", "exponential"),
        ("dpmpp_2m_sde_k", "dpmpp_2m_sde", "karras"),
        ("dpmpp_2m_sde_gpu", "dpmpp_2m_sde", None),
        ("k_dpmpp_2m", "dpmpp_2m", None),
        ("DPM++ SDE", "dpmpp_sde", None),
        ("DPM2 a", "dpm_2_a", None),
        ("ddim_v3", "ddim", None),
        ("UniPC", "unipc", None),
        ("uni_pc_bh2", "unipc_bh2", None),
        ("PLMS", "pndm", None),
        ("k_lms", "lms", None),
        ("Undefined", None, None),
        ("", None, None),
        ("k_" * 500, None, None),
    ],
)
def test_every_tools_spelling_becomes_one_name(written: str, name: str | None, schedule: str | None) -> None:
    assert canonical_sampler(written) == (name, schedule)


@pytest.mark.parametrize(
    ("written", "name"),
    [("Karras", "karras"), ("sgm_uniform", "sgm_uniform"), ("SGM Uniform", "sgm_uniform"), ("Automatic", None)],
)
def test_schedules_have_one_name_and_automatic_is_not_known(written: str, name: str | None) -> None:
    assert canonical_schedule(written) == name
