"""What renderlock uses of diffusers' objects, as protocols, since the library has no types that a checker follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch


class Configured(Protocol):
    """A scheduler with the config it was made from."""

    config: Mapping[str, object]


class Forward(Protocol):
    """What a network does when it is called."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Evaluates it."""


class Denoiser(Protocol):
    """The U-Net or transformer of a pipeline."""

    forward: Forward


class Autoencoder(Protocol):
    """What is used of diffusers' AutoencoderKL."""

    config: object
    decoder: torch.nn.Module
    _decode: Forward


class Pipeline(Protocol):
    """What renderlock uses of a diffusers pipeline."""

    scheduler: Configured

    def set_progress_bar_config(self, *, disable: bool) -> None:
        """Shows or hides the bar of denoising steps."""

    def __call__(self, **arguments: object) -> object:
        """Runs the pipeline."""


class Placed(Protocol):
    """How a pipeline's weights are put on a device, or kept off it until they are needed."""

    def to(self, device: str) -> object:
        """Puts all weights on a device."""

    def remove_all_hooks(self) -> None:
        """Ends any offloading."""

    def maybe_free_model_hooks(self) -> None:
        """Has every part leave the device, where they are kept off it until they are needed."""

    def enable_model_cpu_offload(self, *, device: str) -> None:
        """Keeps on the device only the part at work."""

    def enable_sequential_cpu_offload(self, *, device: str) -> None:
        """Keeps on the device only the layer at work."""
