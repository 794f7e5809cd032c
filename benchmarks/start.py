"""Start: CPU seconds of `renderlock --help` and of importing the package, against a bare interpreter.

python -m benchmarks.start [--runs 9]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from statistics import median

CALLS = {
    "python -c pass": ("-c", "pass"),
    "import renderlock": ("-c", "import renderlock"),
    "renderlock --help": ("-m", "renderlock.cli.main", "--help"),
    "import typer, rich, pydantic": ("-c", "import typer, rich, pydantic"),
}
HEAVY = ("torch", "diffusers", "onnxruntime", "fastapi", "starlette", "httpx", "requests", "aiohttp")
LIMIT_S = 0.25


def cpu_seconds(arguments: tuple[str, ...]) -> float:
    """User and system seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Prints a table; exit code 1 where help costs more than its limit or a heavy library is loaded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    found = {name: [cpu_seconds(call) for _ in range(runs + 1)][1:] for name, call in CALLS.items()}
    for name, seconds in found.items():
        print(f"{name:<32} {median(seconds):.3f} s CPU (min {min(seconds):.3f}, max {max(seconds):.3f})")
    ratio = median(found["renderlock --help"]) / median(found["python -c pass"])
    print(f"renderlock --help / bare interpreter: {ratio:.1f}; limit {LIMIT_S} s")
    script = f"import renderlock, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.strip()
    print(f"heavy libraries loaded by import renderlock: {loaded}")
    return 0 if median(found["renderlock --help"]) <= LIMIT_S and loaded == "[]" else 1


if __name__ == "__main__":
    sys.exit(main())
