"""The pages name every fault, provider, dialect and placeholder."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from renderlock.engines.comfyui.workflow import NAMES
from renderlock.engines.openai_images.dialects import DIALECTS, OPENAI
from renderlock.testing import FAULTS, PROVIDERS
from renderlock.testing.provider import Provider

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "testing.md").read_text("utf-8")
ROWS = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `")}


def providers_of(fault: str) -> set[str]:
    """The providers that can have a fault."""
    found = set()
    for name, entry in PROVIDERS.items():
        module, _, attribute = entry.provider.partition(":")
        kind: type[Provider] = getattr(import_module(module), attribute)
        found |= {name} if fault in kind.faults else set()
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_the_page_says_what_each_fault_does_and_which_providers_can_have_it(fault: str) -> None:
    row = ROWS[fault]
    named = row.rstrip(" |").rpartition(" | ")[2]

    assert FAULTS[fault].summary in row
    assert providers_of(fault) == (set(PROVIDERS) if named == "all" else set(named.split(", ")))
    assert providers_of(fault)


def test_the_page_names_every_provider() -> None:
    assert not [name for name in PROVIDERS if f"`{name}`" not in PAGE]


def test_every_dialect_and_placeholder_is_on_its_page() -> None:
    images, comfyui = ((DOCS / name).read_text("utf-8") for name in ("openai-images.md", "comfyui.md"))

    assert not [name for name in DIALECTS if name != OPENAI and f"`openai-images:{name}/" not in images]
    assert not [name for name in NAMES if f"{{{{{name}" not in comfyui]


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_model_to_try_and_the_environment_are_named(name: str) -> None:
    environment = PROVIDERS[name].pointing("http://127.0.0.1:1", "the-key")

    assert "http://127.0.0.1:1" in environment.values()
    assert all(variable.isupper() for variable in environment)
    assert PROVIDERS[name].model
