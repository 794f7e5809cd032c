"""Engines that can also say in words what a picture shows: a paid call, journalled as any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from renderlock.imaging.pixels import Pixels
from renderlock.spec.money import Cost

DESCRIBED = "describe:"
"""Begins the subject of a call that buys a description."""


@dataclass(frozen=True)
class Description:
    """What a provider sees in a picture, in its own words; what that cost, None where nobody knows; and the call."""

    texts: tuple[str, ...]
    cost: Cost | None
    call: str


@runtime_checkable
class DescribingEngine(Protocol):
    """What an engine has beside `Engine` where its provider describes pictures."""

    def describe(self, picture: Pixels) -> Description:
        """What the picture (H x W x 3|4, 8 bits) shows, bought once.

        Raises `NotCapable` for a picture it does not take, before anything is spent, and what `Engine.render` raises.
        """
