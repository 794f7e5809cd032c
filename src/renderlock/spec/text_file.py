"""Text files that a person wrote: read within a bound, told exactly where they are not UTF-8, replaced in one step."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from renderlock.errors import Problem


class TextUnusable(Exception):
    """A text file cannot be used; carries the problem, on line 0 where it is the file itself. Stays in `spec`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def read_text(path: Path, largest_bytes: int, *, keep_mark: bool = False) -> str:
    """The file's text, without a byte-order mark unless `keep_mark`.

    Raises `TextUnusable` for no file, too large a file, or no UTF-8.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            content = b"" if size > largest_bytes else file.read(largest_bytes + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise TextUnusable(Problem(str(path), 0, 0, "", reason.lower(), "a readable file")) from error
    if size > largest_bytes or len(content) > largest_bytes:
        found, allowed = f"{max(size, len(content))} bytes", f"at most {largest_bytes} bytes"
        raise TextUnusable(Problem(str(path), 1, 1, "", found, allowed))
    try:
        return content.decode("utf-8" if keep_mark else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        start = content.rfind(b"\n", 0, error.start) + 1
        column = len(content[start : error.start].decode("utf-8", "replace")) + 1
        found = f"the byte 0x{content[error.start]:02X}, which is not UTF-8"
        raise TextUnusable(Problem(str(path), line, column, "", found, "text in UTF-8")) from error


def replace_text(path: Path, text: str) -> None:
    """Puts `text` in the file's place in one step: written beside, synced, renamed; mode and links are kept."""
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
