"""A child process that is kept alive and spoken to in frames: what may die of its memory does so there.

A frame is a JSON object and bytes, with both lengths before them. Parent and child take turns: each frame has one
answer, so neither needs a thread. What the child prints goes to a file, of which the end is told when it dies.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

_LENGTHS = struct.Struct("<IQ")
_LAST_WORDS_BYTES = 2000
_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Frame:
    """One message: a JSON object and, where there are any, bytes."""

    header: Mapping[str, object]
    payload: bytes | memoryview = b""


class WorkerDied(Exception):
    """The child ended in the middle of a conversation; `killed` tells whether by a signal, as the kernel does it."""

    def __init__(self, code: int, last_words: str) -> None:
        self.code = code
        self.killed = code < 0
        self.last_words = last_words
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with the code {code}"
        super().__init__(f"the worker {how}")


class WorkerProcess:
    """One child process; not to be shared by threads."""

    def __init__(self, module: str, *, environment: Mapping[str, str] | None = None) -> None:
        """Starts `python -m module` with `environment` added to this process's own.

        The child is in a session of its own: Ctrl-C reaches the parent alone, which tells the child.
        """
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def ask(self, frame: Frame) -> Frame:
        """The child's answer; raises `WorkerDied` where it gives none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            write_frame(self._process.stdin, frame)
            answer = read_frame(self._process.stdout)
        except (BrokenPipeError, ConnectionResetError):
            answer = None
        if answer is None:
            raise WorkerDied(self._wait(), self._last_words())
        return answer

    def close(self) -> None:
        """Ends the child: by its closed pipe, or where it does not go, by force."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)
        self._wait()
        self._errors.close()

    def kill(self) -> None:
        """Ends the child at once."""
        self._process.kill()
        self.close()

    def _wait(self) -> int:
        try:
            return self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _last_words(self) -> str:
        length = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, length - _LAST_WORDS_BYTES))
        return self._errors.read().decode("utf-8", "replace").strip()


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """In the child: the pipes to read and write frames on; what anything prints from now on goes to the errors."""
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return reading, writing


def write_frame(pipe: IO[bytes], frame: Frame) -> None:
    """Writes one frame whole."""
    header = json.dumps(frame.header).encode()
    pipe.write(_LENGTHS.pack(len(header), len(frame.payload)))
    pipe.write(header)
    pipe.write(frame.payload)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> Frame | None:
    """The next frame; None where the other side is gone."""
    lengths = pipe.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header_bytes, payload_bytes = _LENGTHS.unpack(lengths)
    header, payload = pipe.read(header_bytes), pipe.read(payload_bytes)
    if len(header) < header_bytes or len(payload) < payload_bytes:
        return None
    return Frame(json.loads(header), payload)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
