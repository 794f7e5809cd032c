"""Who sent a call: a process by machine, number and start, so that a dead one is never taken for a living one."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from renderlock.actions.machine import host_name


@cache
def _this_process(number: int) -> str:
    return f"{host_name()}/{number}/{_start_of(number)}"


def this_process() -> str:
    """The name of this process."""
    return _this_process(os.getpid())


def runs_elsewhere(process: str) -> bool:
    """Whether another process of this machine by that name is running; of other machines nobody knows."""
    if process == this_process():
        return False
    host, _, rest = process.rpartition("/")[0].rpartition("/")
    number, start = rest, process.rpartition("/")[2]
    if host != host_name() or not number.isascii() or not number.isdigit():
        return False
    return _is_there(int(number)) and _start_of(int(number)) == start


def _is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _start_of(number: int) -> str:
    """When a process started, in the kernel's ticks; "" where the system does not tell."""
    with suppress(OSError, IndexError):
        # The name in parentheses may hold anything; the 20th field after it is the start (proc_pid_stat(5)).
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    return ""
