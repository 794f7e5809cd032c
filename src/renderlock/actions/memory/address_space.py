"""How much memory this process holds and may hold, by the system's own accounts (Linux).

The address space is what RLIMIT_AS limits: an allocation past the limit is refused, as on a device that is full, and
nothing is killed. Elsewhere there is no such limit; `LIMITED` says whether this system has it.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import resource

LIMITED = sys.platform == "linux"
"""Whether the system keeps a process to a limit; macOS and Windows do not."""

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


@dataclass(frozen=True)
class Holdings:
    """Bytes of address space and of memory in use, now and at most. `resident_peak` counts from `forget_peak` on."""

    space: int
    space_peak: int
    resident: int
    resident_peak: int


def read_holdings() -> Holdings | None:
    """What this process holds; None where the system does not tell."""
    if not LIMITED:
        return None
    lines = (line.split() for line in _STATUS.read_text().splitlines() if line.endswith(" kB"))
    found = {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines}
    return Holdings(found["VmSize"], found["VmPeak"], found["VmRSS"], found["VmHWM"])


def forget_peak() -> None:
    """Starts the resident peak anew; the peak of the address space cannot be."""
    if LIMITED:
        _CLEAR.write_text(_RESET_PEAK)


def peak_since(before: Holdings, after: Holdings, floor: int) -> int:
    """The peak over `floor` (an address space) between two readings, the peak forgotten at the first.

    Exact where the address space reached a new peak; else what was held before and what was touched since, at most the
    old peak.
    """
    if after.space_peak > before.space_peak:
        return after.space_peak - floor
    touched = before.space + max(0, after.resident_peak - before.resident)
    return min(touched, after.space_peak) - floor


def trim() -> None:
    """Gives freed memory back to the system, where the C library can (glibc)."""
    gc.collect()
    if LIMITED:
        library = ctypes.CDLL(None)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)


def limit_space(most: int | None) -> None:
    """Refuses this process any address space past `most` bytes; None lifts the limit."""
    if not LIMITED:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = resource.RLIM_INFINITY if most is None else most
    if hard != resource.RLIM_INFINITY:
        wanted = hard if wanted == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
