"""The permanent address of a render: computed from what it is, so that it can be computed again.

`docs/store-format.md` states the rule; a rebuild of the index or a second store gives the same address.
"""

from __future__ import annotations

import hashlib
import re
from typing import NewType

from renderlock.spec.recipe import Digest
from renderlock.spec.standing import Standing

Address = NewType("Address", str)
"""`rl-` and 20 lowercase characters of Crockford's base 32."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""https://www.crockford.com/base32.html, in lower case."""

LENGTH = 20
SHORTEST_PREFIX = 4
_WRITTEN = re.compile(rf"rl-[{ALPHABET}]{{{SHORTEST_PREFIX},{LENGTH}}}")
_MISREAD = str.maketrans("oil", "011")


def derive_address(digest: Digest | None, standing: Standing, blob: str) -> Address:
    """The address of the render of `digest` (None without a recipe) in that standing with that blob.

    The first 100 bits of the SHA-256 over three lines: the digest or nothing, the standing, the blob.
    """
    lines = f"{digest or ''}\n{standing}\n{blob}\n"
    bits = int.from_bytes(hashlib.sha256(lines.encode()).digest()) >> (256 - 5 * LENGTH)
    letters = (ALPHABET[bits >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))
    return Address("rl-" + "".join(letters))


def read_prefix(text: str) -> str | None:
    """The beginning of an address as a person wrote it, o read as 0, i and l as 1; None where it is none."""
    lower = text.strip().lower()
    prefix = "rl-" + lower.removeprefix("rl-").translate(_MISREAD)
    return prefix if lower.startswith("rl-") and _WRITTEN.fullmatch(prefix) else None
