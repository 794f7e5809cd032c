"""Roles: the places a model fills in a pipeline."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """`review` renders for approval, `final` for delivery, `sandbox` for play, `upscaler` enlarges."""

    REVIEW = "review"
    FINAL = "final"
    SANDBOX = "sandbox"
    UPSCALER = "upscaler"

    @property
    def locked(self) -> bool:
        """Whether the lock pins this role; the sandbox is free by design."""
        return self is not Role.SANDBOX
