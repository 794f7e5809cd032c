"""How an attempt that ran out of memory is told: what was asked for, what was held at most, what there was."""

from __future__ import annotations

import re

from renderlock.errors import OutOfMemory

_ASKED = re.compile(r"(?:allocate|buffer of size|unable to allocate)\s+([\d.]+)\s*(bytes|[KMG]iB)?", re.IGNORECASE)
"""How torch on a CPU and on CUDA, ONNX Runtime and numpy name the allocation that was refused."""

_UNITS = {"": 1, "bytes": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def asked_bytes(reason: str) -> int | None:
    """The size of the allocation that a library says was refused; None where it does not say."""
    found = _ASKED.search(reason)
    if found is None:
        return None
    return round(float(found[1].rstrip(".")) * _UNITS[(found[2] or "").lower()])


def tell_failure(attempt: str, error: OutOfMemory, predicted: int | None, budget: int | None) -> str:
    """One line about an attempt: the allocation that was refused or the library's own words, and the numbers known."""
    # ONNX Runtime puts the node that failed before what it says.
    reason = str(error.facts.get("reason", error)).rpartition("Status Message: ")[2]
    peak = error.facts.get("peak_bytes")
    asked = asked_bytes(reason)
    numbers = [
        f"{mib(int(peak))} held at most" if isinstance(peak, int | float) else "",
        f"limit {mib(budget)}" if budget is not None else "no limit",
        f"{mib(predicted)} predicted" if predicted is not None else "",
    ]
    what = reason if asked is None else f"{mib(asked)} asked for and refused"
    return f"{attempt}: {what} ({', '.join(number for number in numbers if number)})"


def mib(count: int | None) -> str:
    """Bytes for people."""
    if count is None:
        return "an unknown amount"
    return f"{count / 2**20:.0f} MiB" if count >= 10 * 2**20 else f"{count / 2**20:.2g} MiB"
