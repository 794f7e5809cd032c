"""Engines that can also enlarge a finished picture: the providers' own upscalers, and servers that have some."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from renderlock.engines.base import Render, Watch
from renderlock.imaging.pixels import Pixels

HOSTED_FACTORS = (2, 4)
"""The factors that every provider's upscaler takes."""


@runtime_checkable
class UpscalingEngine(Protocol):
    """What an engine has beside `Engine` where its model enlarges pictures."""

    def upscale(self, picture: Pixels, factor: int, watch: Watch) -> Render:
        """The picture (H x W x 3|4, 8 bits) at `factor` times its sides, one of `HOSTED_FACTORS`.

        What the provider does differently is in `Render.deviations`. Raises `NotCapable` for a picture or factor it
        does not take, before anything is spent, and what `Engine.render` raises.
        """
