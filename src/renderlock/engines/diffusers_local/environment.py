"""What on this machine may change a diffusers model's pixels, as names and values.

On a CPU-only torch nothing is imported; where torch could see a GPU it has to be asked.
"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

PACKAGES = ("diffusers", "torch", "transformers", "safetensors")


def describe_environment(wanted: Literal["auto", "cpu", "cuda", "mps"]) -> tuple[tuple[str, str], ...]:
    """Library versions, the processor's kind, and the device with its driver, sorted by name."""
    facts = {package: _version_of(package) for package in PACKAGES}
    facts["machine"] = platform.machine()
    facts["device"] = "cpu" if wanted == "cpu" or facts["torch"].endswith("+cpu") else _device(wanted)
    return tuple(sorted(facts.items()))


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


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
