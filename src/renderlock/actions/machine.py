"""The facts of this machine that may change pixels: the environment that a lock records and a render notes."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from renderlock.engines.base import Engine
from renderlock.spec.lock import Environment

if sys.platform != "win32":
    import resource

LIBRARIES = ("numpy", "pillow", "renderlock")
VECTOR_FLAGS = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "fma", "asimd", "sve")
"""Instruction sets by which numeric kernels are chosen, so that low bits may differ between them."""


def read_environment(engines: Iterable[Engine]) -> Environment:
    """The environment of this machine for the given engines: libraries, processor, and what each engine adds."""
    facts = dict(machine_facts())
    for engine in engines:
        facts.update(engine.environment())
    return Environment(tuple(facts.items()))


@cache
def machine_facts() -> tuple[tuple[str, str], ...]:
    """What is the same for every engine."""
    libraries = tuple((f"library.{name}", library_version(name)) for name in LIBRARIES)
    return (
        *libraries,
        ("library.python", platform.python_version()),
        ("machine.system", f"{platform.system().lower()}-{platform.machine().lower()}"),
        ("machine.processor", _processor()),
    )


def library_version(name: str) -> str:
    """The installed version of a distribution, or `absent`."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    """The processor's model and its vector instruction sets, where the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    named = {name.strip().lower(): value.strip() for name, value in facts.items()}
    flags = (named.get("flags") or named.get("features") or "").split()
    vectors = " ".join(flag for flag in VECTOR_FLAGS if flag in flags)
    return f"{named.get('model name', platform.machine())} ({vectors})"


def host_name() -> str:
    """This machine's name on its network."""
    return platform.node()


def peak_memory_bytes() -> int | None:
    """The most memory this process has held so far, or None where the system does not tell."""
    if sys.platform == "win32":
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
