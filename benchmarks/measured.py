"""Runs a case in a process of its own and says what it cost: CPU seconds, wall seconds, peak of anonymous memory.

Anonymous memory is what a program holds for itself: mapped files and the page cache are not in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a case took; `peak_mb` counts from after the imports."""

    cpu_s: float
    wall_s: float
    peak_mb: float


class _Peak:
    """Watches the anonymous memory of this process from a thread."""

    def __init__(self) -> None:
        self.start = self.peak = anonymous_bytes()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The peak over the start, in MB."""
        self._done.set()
        self._thread.join()
        return max(self.peak - self.start, 0) / 1e6

    def _watch(self) -> None:
        while not self._done.wait(0.004):
            self.peak = max(self.peak, anonymous_bytes())


def anonymous_bytes() -> int:
    """Anonymous memory of this process (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this kernel does not tell anonymous memory")


def measure_here(case: Callable[[], object]) -> Cost:
    """Runs the case in this process."""
    peak, wall, cpu = _Peak(), time.perf_counter(), time.process_time()
    case()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, peak.stop())


def measure_apart(module: str, case: str, folder: Path, *, threads: int = 2) -> Cost:
    """Runs `python -m MODULE --case CASE --folder FOLDER`, which prints a `Cost` as JSON by `print_cost`."""
    words = [sys.executable, "-m", module, "--case", case, "--folder", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{case} failed:\n{done.stderr}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def print_cost(cost: Cost) -> None:
    """The line that `measure_apart` reads."""
    print(json.dumps(asdict(cost)))
