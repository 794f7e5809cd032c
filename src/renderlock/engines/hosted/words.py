"""A provider's own words, fit to be shown and kept: short, on one line, without control characters and keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 300
_MASK = "[key]"
_SECRET_LOOKING = re.compile(
    r"(?i)\b(?:bearer\s+[\w.~+/=-]{8,}|sk-[\w-]{8,}|AIza[\w-]{20,}|ya29\.[\w.-]{8,})|(?<=[?&])(?:key|sig|token)=[^&\s]+"
)
_LEAST_OF_A_KEY = 6


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line of at most 300 characters, without control characters, secrets, or what looks like one."""
    for secret in secrets:
        for form in _forms(secret):
            text = text.replace(form, _MASK)
    text = _SECRET_LOOKING.sub(_MASK, text)
    shown = "".join(mark if unicodedata.category(mark)[0] != "C" else " " for mark in text)
    line = " ".join(shown.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _forms(secret: str) -> Iterable[str]:
    """The secret itself, and its two halves, as some providers echo keys with the middle left out."""
    if len(secret) < _LEAST_OF_A_KEY:
        return (secret,) if secret else ()
    if len(secret) < 4 * _LEAST_OF_A_KEY:
        return (secret,)
    return (secret, secret[: len(secret) // 2], secret[len(secret) // 2 :])
