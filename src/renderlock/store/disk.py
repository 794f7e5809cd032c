"""Files that are written once and completely, or not at all, whatever kills the process.

Bytes go to a temporary file, are forced to disk, and get their final name in one step of the file system;
what the operating system refuses becomes one of the store's errors here.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renderlock.errors import StoreFull, StoreUnusable
from renderlock.files import sync_folder

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


@contextmanager
def os_errors_as_store_errors(root: Path) -> Iterator[None]:
    """Raises `StoreFull` or `StoreUnusable` in place of `OSError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(path=root) from error
        reason = error.strerror or str(error)
        action = f"Make {error.filename or root} readable and writable, then run the same command again."
        raise StoreUnusable(path=root, reason=reason, action=action) from error


def publish(temp: Path, target: Path) -> bool:
    """Gives a finished file its final name as well, never replacing one; True where the name was free.

    The temporary name stays where the file system has hard links, and is the caller's to remove.
    """
    ensure_folder(target.parent)
    try:
        os.link(temp, target)
        new = True
    except FileExistsError:
        new = False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        new = not target.exists()
        if new:
            temp.rename(target)
    sync_folder(target.parent)
    return new


def link_or_copy(source: Path, target: Path) -> None:
    """Gives a finished file a second name, or copies it to another disk; the disk has it when this returns."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS | {errno.EXDEV}:
            raise
        shutil.copyfile(source, target)
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def replace(temp: Path, target: Path) -> None:
    """Gives a finished file its final name in place of whatever has it."""
    ensure_folder(target.parent)
    temp.replace(target)
    sync_folder(target.parent)


def ensure_folder(folder: Path) -> None:
    """Makes a folder and those above it, each known to the disk before it is used."""
    if folder.is_dir():
        return
    ensure_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def has_length(path: Path | str, length: int) -> bool:
    """Whether `path` is a file of exactly that many bytes."""
    try:
        return os.stat(path).st_size == length  # noqa: PTH116  Path objects cost more than the question
    except FileNotFoundError:
        return False
