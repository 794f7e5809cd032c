"""Standing: whether a render may become part of a delivery."""

from __future__ import annotations

from enum import StrEnum


class Standing(StrEnum):
    """`production` comes from a locked model; `sandbox` from the unlocked one; `rehearsal` from the embedded
    engine standing in for another; `imported` from another tool. Only production may build on production."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"
    REHEARSAL = "rehearsal"
    IMPORTED = "imported"
