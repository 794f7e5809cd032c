"""The names that people use for hosted models, each with the reference it stands for, in one table.

An alias is a convenience of typing: the lock and every recipe hold the provider's own id.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "ideogram-v1": "ideogram:V_1",
        "ideogram-v1-turbo": "ideogram:V_1_TURBO",
        "ideogram-v2": "ideogram:V_2",
        "ideogram-v2-turbo": "ideogram:V_2_TURBO",
        "ideogram-v2a": "ideogram:V_2A",
        "ideogram-v2a-turbo": "ideogram:V_2A_TURBO",
        "ideogram-v3": "ideogram:V_3",
        "imagen-4-generate": "imagen:imagen-4.0-generate-001",
        "imagen-4-fast": "imagen:imagen-4.0-fast-generate-001",
        "imagen-4-ultra": "imagen:imagen-4.0-ultra-generate-001",
        "imagen-4-generate-vertex": "imagen:vertex/imagen-4.0-generate-001",
        "imagen-4-fast-vertex": "imagen:vertex/imagen-4.0-fast-generate-001",
        "imagen-4-ultra-vertex": "imagen:vertex/imagen-4.0-ultra-generate-001",
        "nano-banana": "gemini:gemini-2.5-flash-image",
        "nano-banana-pro": "gemini:gemini-3-pro-image",
        "nano-banana-2": "gemini:gemini-3.1-flash-image",
        "nano-banana-2-lite": "gemini:gemini-3.1-flash-lite-image",
        "nano-banana-2.1": "gemini:gemini-nano-banana-2.1",
    }
)


def full_reference(reference: str) -> str:
    """The reference an alias stands for, options after a `?` kept; any other reference as it is."""
    name, mark, options = reference.partition("?")
    return f"{ALIASES[name]}{mark}{options}" if name in ALIASES else reference
