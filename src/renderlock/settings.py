"""What the machine's owner decides, read from the environment in this one place.

Nothing here changes pixels. Only the command line and the client read it; everything below takes values. Keys are
held so that no `repr`, log or traceback shows them.
"""

from __future__ import annotations

import getpass
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from renderlock.errors import KeyFileUnsafe, SettingInvalid

Device = Literal["auto", "cpu", "cuda", "mps"]
URL_PREFIX = "RENDERLOCK_URL_"
KEY_FILE_NAME = "keys"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret:
    """A key that shows itself only when asked by name: `reveal()`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself; for the request that needs it and for nothing else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True)
class KeyRing:
    """Where keys are looked for: the environment first, then the key file, both by the variable's name.

    The file holds lines `NAME=key` and is read only by its owner; it is opened by the first search that needs it.
    """

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: Path | None = None

    def find(self, names: Iterable[str]) -> Secret | None:
        """The first key among these variables; raises `KeyFileUnsafe` where others can read the key file."""
        wanted = tuple(names)
        return _first(wanted, self.environment) or _first(wanted, self._written())

    def place_of(self, names: Iterable[str]) -> str:
        """Where `find` finds the key, never the key: `NAME in the environment`, or in which file; "" where nowhere.

        Raises as `find` does.
        """
        wanted = tuple(names)
        if name := _first_name(wanted, self.environment):
            return f"{name} in the environment"
        if self.file is None or not (name := _first_name(wanted, self._written())):
            return ""
        return f"{name} in {self.file} (mode {stat.S_IMODE(self.file.stat().st_mode):04o})"

    def why_missing(self, names: Iterable[str]) -> str:
        """Why `find` finds no key, in words: which variables are not set, or empty."""
        wanted = tuple(names)
        empty = [name for name in wanted if name in self.environment]
        if empty:
            return f"{' and '.join(empty)} {'are' if len(empty) > 1 else 'is'} empty"
        return f"{wanted[0]} is not set" if len(wanted) == 1 else f"neither {' nor '.join(wanted)} is set"

    def _written(self) -> Mapping[str, str]:
        """What the key file holds; nothing where there is none."""
        if self.file is None or not self.file.exists():
            return {}
        if self.file.is_dir():
            action = f"Name a file in RENDERLOCK_KEYS: {self.file / KEY_FILE_NAME}"
            raise KeyFileUnsafe(path=self.file, reason="it is a folder", action=action)
        mode = stat.S_IMODE(self.file.stat().st_mode)
        if os.name != "nt" and mode & _OTHERS:
            action = f"chmod 600 {self.file}"
            raise KeyFileUnsafe(path=self.file, reason=f"others can read it (mode {mode:04o})", action=action)
        try:
            text = self.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            action = "Make it a text file of lines NAME=key that you can read."
            raise KeyFileUnsafe(path=self.file, reason=type(error).__name__, action=action) from None
        return dict(self._pair(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if _says(line))

    def _pair(self, number: int, line: str) -> tuple[str, str]:
        """Name and key of a line, which no error may show: it may be a key without its name."""
        name, mark, key = line.partition("=")
        if not mark:
            action = f"Write line {number} as NAME=key."
            raise KeyFileUnsafe(path=self.file, reason=f"line {number} has no `=`", action=action)
        return name.strip().removeprefix("export "), key.strip().strip("'\"")


@dataclass(frozen=True)
class Settings:
    """`RENDERLOCK_*` of the environment, with defaults.

    `user` signs decisions and lock changes; `threads` is CPU threads a render; `offline` forbids all network
    access; `device` is where local models run; `rehearse` lets the embedded engine stand in for every model;
    `log_folder` takes the reports of our own bugs. For hosted models: `keys` is where keys are, `urls` are base URLs
    by provider instead of the usual ones, `allow_retired` lets retired models be called at such a base URL,
    `picture_hosts` are further hosts that pictures may be fetched from, `prices` is a price file that comes before
    ours, `project` and `location` are Vertex AI's.
    """

    user: str
    threads: int
    offline: bool
    device: Device
    rehearse: bool
    log_folder: Path
    keys: KeyRing = field(default_factory=KeyRing)
    urls: tuple[tuple[str, str], ...] = ()
    allow_retired: bool = False
    picture_hosts: tuple[str, ...] = ()
    prices: Path | None = None
    project: str = ""
    location: str = ""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment; raises `SettingInvalid` naming the variable and what it may hold."""
    return Settings(
        user=environment.get("RENDERLOCK_USER") or _login_name(),
        threads=_threads(environment.get("RENDERLOCK_THREADS", "1")),
        offline=_truth("RENDERLOCK_OFFLINE", environment.get("RENDERLOCK_OFFLINE", "0")),
        device=_device(environment.get("RENDERLOCK_DEVICE", "auto")),
        rehearse=_truth("RENDERLOCK_REHEARSE", environment.get("RENDERLOCK_REHEARSE", "0")),
        log_folder=Path(environment.get("RENDERLOCK_LOGS") or platformdirs.user_log_path("renderlock")),
        keys=KeyRing(environment, _key_file(environment)),
        urls=_urls(environment),
        allow_retired=_truth("RENDERLOCK_ALLOW_RETIRED", environment.get("RENDERLOCK_ALLOW_RETIRED", "0")),
        picture_hosts=tuple(environment.get("RENDERLOCK_PICTURE_HOSTS", "").split()),
        prices=Path(environment["RENDERLOCK_PRICES"]) if environment.get("RENDERLOCK_PRICES") else None,
        project=environment.get("GOOGLE_CLOUD_PROJECT", ""),
        location=environment.get("GOOGLE_CLOUD_LOCATION", ""),
    )


def current_settings() -> Settings:
    """The settings of this process."""
    return read_settings(os.environ)


def _says(line: str) -> bool:
    """Whether a line is neither empty nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _first_name(names: Iterable[str], values: Mapping[str, str]) -> str:
    return next((name for name in names if values.get(name, "").strip()), "")


def _first(names: Iterable[str], values: Mapping[str, str]) -> Secret | None:
    name = _first_name(names, values)
    return Secret(values[name].strip()) if name else None


def _key_file(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("RENDERLOCK_KEYS") or platformdirs.user_config_path("renderlock") / KEY_FILE_NAME)


def _urls(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Base URLs by provider, as its name in lower case with hyphens: RENDERLOCK_URL_OPENAI_IMAGES → openai-images."""
    found = []
    for name, url in sorted(environment.items()):
        if not name.startswith(URL_PREFIX) or not url:
            continue
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise SettingInvalid(name=name, found="another text", allowed="http(s)://HOST[:PORT][/PATH] without a key")
        found.append((name.removeprefix(URL_PREFIX).lower().replace("_", "-"), url.rstrip("/")))
    return tuple(found)


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
