"""docs/upscalers.md says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.upscalers import lanczos, ncnn_models, waifu2x
from renderlock.upscalers.base import UpscalerFacts
from renderlock.upscalers.dat import FACTS as DAT_FACTS
from renderlock.upscalers.table import ENTRY_POINT_GROUP, OURS

PAGE = (Path(__file__).parents[2] / "docs" / "upscalers.md").read_text("utf-8")
FACTS = [lanczos.FACTS, waifu2x.FACTS, DAT_FACTS, ncnn_models.SPAN.facts, ncnn_models.PLUS.facts]


@pytest.mark.parametrize("name", [entry.name for entry in OURS])
def test_the_page_names_every_upscaler(name: str) -> None:
    assert f"`{name}" in PAGE


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts.reference)
def test_the_page_states_the_facts(facts: UpscalerFacts) -> None:
    (row,) = [
        line for line in PAGE.splitlines() if line.startswith(f"| `{facts.reference}` | ") and "s/MP" not in line
    ][:1]
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[3] == (", ".join(map(str, facts.scales)) or "any size at once")
    assert cells[4] == str(facts.halo_px)
    assert float(cells[6]) == facts.cpu_seconds_per_megapixel
    assert cells[7] == facts.detail


def test_the_page_says_how_to_register_one() -> None:
    assert f'"{ENTRY_POINT_GROUP}"' in PAGE
