"""How much a library says was asked for, in its own words."""

from __future__ import annotations

import pytest

from renderlock.actions.memory.failures import asked_bytes, mib, tell_failure
from renderlock.errors import OutOfMemory

TORCH = (
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"
)


@pytest.mark.parametrize(
    ("reason", "asked"),
    [
        (f"{TORCH} 37748736 bytes. Error code 12 (Cannot allocate memory)", 36 * 2**20),
        ("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 12.00 GiB", 5 * 2**29),
        ("Failed to allocate memory for requested buffer of size 1048576", 2**20),
        ("Unable to allocate 4.00 MiB for an array with shape (1048576,) and data type float32", 4 * 2**20),
        ("std::bad_alloc", None),
        ("cannot allocate memory", None),
    ],
)
def test_the_refused_allocation_is_read_from_what_a_library_says(reason: str, asked: int | None) -> None:
    assert asked_bytes(reason) == asked


def test_an_attempt_is_told_with_every_number_that_is_known() -> None:
    error = OutOfMemory(model="m", reason=f"{TORCH} 37748736 bytes. Error", peak_bytes=90 * 2**20)

    told = tell_failure("vae-tiling", error, 120 * 2**20, 100 * 2**20)

    assert told == "vae-tiling: 36 MiB asked for and refused (90 MiB held at most, limit 100 MiB, 120 MiB predicted)"
    assert mib(2**19) == "0.5 MiB"
