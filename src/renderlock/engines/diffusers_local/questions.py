"""What a network was asked, as a name: the same tensors and values have the same name, any others have another."""

from __future__ import annotations

import hashlib

import torch
from torch.utils._pytree import tree_leaves


def hash_question(question: object) -> str:
    """SHA-256 over all tensors and values of a call, in order."""
    digest = hashlib.sha256()
    for leaf in tree_leaves(question):
        if isinstance(leaf, torch.Tensor):
            digest.update(leaf.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        else:
            digest.update(repr(leaf).encode())
    return digest.hexdigest()


def device_of(question: object) -> torch.device:
    """The device of a call's first tensor that has dimensions; the CPU where it has none."""
    tensors = [leaf for leaf in tree_leaves(question) if isinstance(leaf, torch.Tensor) and leaf.ndim]
    return tensors[0].device if tensors else torch.device("cpu")
