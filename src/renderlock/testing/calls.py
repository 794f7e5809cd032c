"""What a loopback provider remembers of the requests it got: bodies and headers, never keys."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

SECRET_HEADERS = frozenset({"authorization", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"})
SECRET_PARAMETERS = frozenset({"key", "sig", "token"})
NO_ANSWER = 0
"""The status of a call that was cut before it was answered, or is not answered yet."""


@dataclass(frozen=True)
class Call:
    """One request as it arrived, and how it was answered.

    `body` is the decoded JSON, or the form's fields as a dict in which each file is a dict of `filename`,
    `media_type`, `size` and `sha256`; None where there was none. `faults` names what struck it. `auth` names the
    header or parameter that carried a key, never the key.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: str = ""
    body: object = None
    status: int = NO_ANSWER
    faults: tuple[str, ...] = ()


class CallLog:
    """The calls in the order in which they arrived; may be read while the server works."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def add(self, call: Call) -> int:
        """Notes a call and gives the number by which it is completed."""
        with self._lock:
            self._calls.append(call)
            return len(self._calls) - 1

    def complete(self, number: int, *, status: int, faults: tuple[str, ...]) -> None:
        """Notes how a call was answered."""
        with self._lock:
            self._calls[number] = replace(self._calls[number], status=status, faults=faults)

    def all(self) -> tuple[Call, ...]:
        """Every call so far."""
        with self._lock:
            return tuple(self._calls)


def without_secrets(pairs: list[tuple[str, str]], secrets: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """The pairs whose names are not among `secrets`."""
    return tuple((name, value) for name, value in pairs if name.lower() not in secrets)
