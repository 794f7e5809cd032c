"""Engines that can also enlarge a finished picture: the providers' own upscalers, and servers that have some."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from renderlock.engines.base import Render, Watch
from renderlock.imaging.pixels import Pixels

USUAL_FACTORS = (2, 4)
"""The factors that most providers' upscalers take."""


@runtime_checkable
class UpscalingEngine(Protocol):
    """What an engine has beside `Engine` where its model enlarges pictures."""

    @property
    def upscale_factors(self) -> tuple[int, ...]:
        """The factors it takes, smallest first; others are reached by several calls and a resampling."""

    def upscale(self, picture: Pixels, factor: int, watch: Watch) -> Render:
        """The picture (H x W x 3|4, 8 bits) at `factor` times its sides, one of `upscale_factors`.

        What the provider does differently is in `Render.deviations`. Raises `NotCapable` for a picture or factor it
        does not take, before anything is spent, and what `Engine.render` raises.
        """
