"""Where a network in torch runs."""

from __future__ import annotations

from typing import Literal

import torch


def pick_device(wanted: Literal["auto", "cpu", "cuda", "mps"]) -> torch.device:
    """The device of that name; for `auto` a graphics card where there is one, else the processor."""
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
