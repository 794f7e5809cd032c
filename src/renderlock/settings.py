"""What the machine's owner decides, read from the environment in this one place.

Nothing here changes pixels. Only the command line and the web app read it; everything below takes values.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from renderlock.errors import SettingInvalid

Device = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True)
class Settings:
    """`RENDERLOCK_*` of the environment, with defaults.

    `user` signs decisions and lock changes; `threads` is CPU threads a render; `offline` forbids all network
    access; `device` is where local models run; `rehearse` lets the embedded engine stand in for every model;
    `log_folder` takes the reports of our own bugs.
    """

    user: str
    threads: int
    offline: bool
    device: Device
    rehearse: bool
    log_folder: Path


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment; raises `SettingInvalid` naming the variable and what it may hold."""
    return Settings(
        user=environment.get("RENDERLOCK_USER") or _login_name(),
        threads=_threads(environment.get("RENDERLOCK_THREADS", "1")),
        offline=_truth("RENDERLOCK_OFFLINE", environment.get("RENDERLOCK_OFFLINE", "0")),
        device=_device(environment.get("RENDERLOCK_DEVICE", "auto")),
        rehearse=_truth("RENDERLOCK_REHEARSE", environment.get("RENDERLOCK_REHEARSE", "0")),
        log_folder=Path(environment.get("RENDERLOCK_LOGS") or platformdirs.user_log_path("renderlock")),
    )


def current_settings() -> Settings:
    """The settings of this process."""
    return read_settings(os.environ)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _threads(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= 1024:
        raise SettingInvalid(name="RENDERLOCK_THREADS", found=text, allowed="a whole number from 1 to 1024")
    return int(text)


def _truth(name: str, text: str) -> bool:
    truths = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
    if text.lower() not in truths:
        raise SettingInvalid(name=name, found=text, allowed="1 or 0")
    return truths[text.lower()]


def _device(text: str) -> Device:
    for device in get_args(Device):
        if text == device:
            return device  # type: ignore[no-any-return]  # get_args is untyped; the comparison proves it
    raise SettingInvalid(name="RENDERLOCK_DEVICE", found=text, allowed=", ".join(get_args(Device)))
