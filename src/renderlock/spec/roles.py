"""Roles: the places a model fills in a pipeline. Steps name a role, never a model, so that the lock can hold it."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """`review` and `final` are locked production models; `sandbox` is unlocked; `upscaler` enlarges finals."""

    REVIEW = "review"
    FINAL = "final"
    SANDBOX = "sandbox"
    UPSCALER = "upscaler"

    @property
    def key(self) -> str:
        """The key of pipeline.yml that names this role's model."""
        return self.value if self is Role.UPSCALER else f"{self.value}_model"

    @property
    def renders(self) -> bool:
        """Whether this role's model renders from a prompt; the upscaler's only enlarges what is there."""
        return self is not Role.UPSCALER

    @property
    def production(self) -> bool:
        """Whether this role's renders may become part of a delivery."""
        return self is not Role.SANDBOX
