"""What may change a diffusers model's pixels on this machine."""

from __future__ import annotations

from importlib.metadata import version

from renderlock.engines.diffusers_local.environment import describe_environment


def test_the_libraries_that_compute_pixels_are_named_with_their_versions() -> None:
    facts = dict(describe_environment("cpu"))

    for package in ("diffusers", "torch", "transformers", "tokenizers", "safetensors"):
        assert facts[f"library.{package}"] == version(package)
    assert "library.invisible-watermark" in facts


def test_the_cpu_is_named_where_it_was_asked_for() -> None:
    assert dict(describe_environment("cpu"))["device.diffusers"] == "cpu"
