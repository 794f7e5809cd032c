"""What on this machine may change a diffusers model's pixels, as names and values.

On a CPU-only torch nothing is imported; where torch could see a GPU it has to be asked.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

PACKAGES = ("diffusers", "invisible-watermark", "safetensors", "tokenizers", "torch", "transformers")
"""Where invisible-watermark is installed, the SDXL pipelines write one into every picture."""


def describe_environment(wanted: Literal["auto", "cpu", "cuda", "mps"]) -> tuple[tuple[str, str], ...]:
    """Library versions, and the device with its driver, where `wanted` is the device that was asked for."""
    versions = {package: _version_of(package) for package in PACKAGES}
    needs_no_asking = wanted == "cpu" or versions["torch"].endswith("+cpu")
    device = "cpu" if needs_no_asking else _device(wanted)
    return (*((f"library.{package}", found) for package, found in versions.items()), ("device.diffusers", device))


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _device(wanted: Literal["auto", "cpu", "cuda", "mps"]) -> str:
    try:
        import torch  # noqa: PLC0415 - seconds to import, and needed only where there may be a GPU
    except ImportError:
        return "cpu"
    if wanted in {"auto", "cuda"} and torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
    if wanted in {"auto", "mps"} and torch.backends.mps.is_available():
        return "mps"
    return "cpu"
