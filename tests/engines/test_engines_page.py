"""docs/engines.md names what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.engines.diffusers_local.families import FAMILIES
from renderlock.engines.diffusers_local.samplers import DIFFUSION_SAMPLERS
from renderlock.engines.table import ENTRY_POINT_GROUP, OURS

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text("utf-8")
NAMES = [entry.name for entry in OURS] + list(FAMILIES) + [sampler.name for sampler in DIFFUSION_SAMPLERS]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_names_every_engine_family_and_sampler(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_page_says_how_to_register_an_engine() -> None:
    assert f'"{ENTRY_POINT_GROUP}"' in PAGE
