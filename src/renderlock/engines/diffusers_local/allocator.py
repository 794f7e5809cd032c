"""Torch's caching allocator on an accelerator: the most it may take, and the most it took.

On the CPU there is no such allocator: the process's own limit holds there, and `actions.memory` sets it.
"""

from __future__ import annotations

import torch

from renderlock.engines.diffusers_local.loading import Device


def limit(device: Device, budget_bytes: int | None) -> None:
    """Has the allocator refuse what goes past the budget, as a smaller card would; None lifts the limit.

    The budget is for tensors and the allocator's own reserve. CUDA's context, some 0.5 GB, comes on top.
    """
    if device == "cuda":
        total = torch.cuda.get_device_properties().total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, (budget_bytes or total) / total))
        if budget_bytes is not None:
            # What an earlier render left in the cache is neither this one's need nor past its limit.
            torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_bytes(device: Device) -> int | None:
    """The most the allocator reserved since `limit`; None where there is no such allocator."""
    return int(torch.cuda.max_memory_reserved()) if device == "cuda" else None
