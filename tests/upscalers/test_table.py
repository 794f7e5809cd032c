"""Upscalers by reference: ours, and a third party's, working and broken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from renderlock.errors import UnknownName, UpscalerBroken
from renderlock.imaging.pixels import Pixels
from renderlock.upscalers.base import UpscalerOptions
from renderlock.upscalers.table import OURS, list_upscalers, open_upscaler

MODULE = """
from dataclasses import replace
from renderlock.upscalers.lanczos import FACTS, Lanczos

class Mine(Lanczos):
    facts = replace(FACTS, reference="mine")

def open_mine(model, options):
    return Mine()

def open_nothing(model, options):
    return object()

def fails(model, options):
    raise ValueError("no luck")
"""

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package with one upscaler on the path: its name and the factory in the package's module."""

    def put(name: str, factory: str) -> None:
        info = tmp_path / "others_upscaler-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others-upscaler\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[renderlock.upscalers]\n{name} = others_upscaler:{factory}\n")
        (tmp_path / "others_upscaler.py").write_text(MODULE)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "others_upscaler", raising=False)

    return put


def test_ours_are_listed_first_and_gentle_ones_before_the_one_that_invents() -> None:
    assert list_upscalers()[: len(OURS)] == OURS
    assert [entry.name for entry in OURS] == ["lanczos", "waifu2x", "dat", "span", "realesrgan", "spandrel"]


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="wafu2x") as raised:
        open_upscaler("wafu2x", UpscalerOptions())
    assert "Did you mean waifu2x?" in raised.value.advice


def test_a_third_partys_upscaler_is_opened_by_its_name(install: Install, photo: Pixels) -> None:
    install("mine", "open_mine")
    upscaler = open_upscaler("mine:any", UpscalerOptions())
    assert upscaler.facts.reference == "mine"
    assert upscaler.enlarge(photo, 2).shape == (192, 192, 3)


def test_a_third_party_cannot_take_our_name(install: Install) -> None:
    install("lanczos", "fails")
    assert open_upscaler("lanczos", UpscalerOptions()).facts.reference == "lanczos"


@pytest.mark.parametrize(
    ("factory", "said"), [("fails", "no luck"), ("open_nothing", "without facts"), ("absent", "absent")]
)
def test_a_third_partys_fault_is_told_as_its_own(install: Install, factory: str, said: str) -> None:
    install("theirs", factory)
    with pytest.raises(UpscalerBroken, match=said) as raised:
        open_upscaler("theirs", UpscalerOptions())
    assert "others-upscaler" in str(raised.value)
