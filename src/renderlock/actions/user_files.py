"""Files written where people look: projects, locks, reports, copies of pictures.

Nothing of a person's is written over unasked, and what the system refuses becomes an error with the path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renderlock.errors import FileUnwritable, WouldOverwrite
from renderlock.files import write_file


def write_user_file(path: Path, data: bytes) -> None:
    """Puts `data` at `path`, in place of what is there, making folders where needed; raises `FileUnwritable`."""
    with refusals_as_unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)


def write_new_file(path: Path, data: bytes) -> None:
    """Puts `data` at `path`, where it may be already; raises `WouldOverwrite` where anything else is there."""
    if not refuse_other(path, data):
        write_user_file(path, data)


def refuse_other(path: Path, data: bytes) -> bool:
    """Whether `data` is at `path` already; raises `WouldOverwrite` where anything else is there."""
    with refusals_as_unwritable(path):
        if path.is_file() and path.read_bytes() == data:
            return True
        if path.exists() or path.is_symlink():
            raise WouldOverwrite(path=path)
    return False


@contextmanager
def refusals_as_unwritable(path: Path) -> Iterator[None]:
    """Raises `FileUnwritable` in place of `OSError`."""
    try:
        yield
    except OSError as error:
        raise FileUnwritable(path=error.filename or path, reason=error.strerror or str(error)) from error
