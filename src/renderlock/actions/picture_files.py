"""The picture files of a folder, told by their content; loops of links end, and what cannot be read is named."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from renderlock.errors import InputUnusable
from renderlock.imaging.foreign_metadata import LARGEST_FILE_BYTES, media_type_of

_HEAD_BYTES = 512


@dataclass(frozen=True)
class PictureFile:
    """A file that begins like a picture, its media type, and when it was last changed (seconds since 1970)."""

    path: Path
    media_type: str
    modified_s: float

    def read(self) -> bytes:
        """The whole file; raises `OSError`, or `InputUnusable` where it is too large or has changed its type."""
        with self.path.open("rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
        if len(data) > LARGEST_FILE_BYTES:
            raise _unusable(self.path, f"it is larger than {LARGEST_FILE_BYTES // 2**20} MiB")
        if media_type_of(data) != self.media_type:
            raise _unusable(self.path, "it changed while it was read")
        return data


@dataclass
class FoundFiles:
    """The picture files in the order of their paths, how many other files there are, and what could not be read."""

    pictures: list[PictureFile] = field(default_factory=list)
    others: int = 0
    unreadable: list[tuple[Path, str]] = field(default_factory=list)


def find_files(folder: Path, *, recursive: bool, leave_out: Path) -> FoundFiles:
    """The files of a folder and its folders, or the one file named; hidden ones and `leave_out` are not looked at.

    Links to folders are followed, each folder once. Raises `InputUnusable` where `folder` itself cannot be read.
    """
    refuse_unreadable(folder)
    found = FoundFiles()
    if folder.is_file():
        _sort_in(folder, found)
        return found
    seen = {_identity(leave_out), _identity(folder)} if leave_out.exists() else {_identity(folder)}
    folders = [folder]
    while folders:
        current = folders.pop()
        subfolders = _list(current, found)
        new = [path for path in subfolders if recursive and _enter(path, seen)]
        folders.extend(reversed(new))
    return found


def refuse_unreadable(folder: Path) -> None:
    """Raises `InputUnusable` for what is neither a file nor a folder that can be listed."""
    if folder.is_file():
        return
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from error


def _list(folder: Path, found: FoundFiles) -> list[Path]:
    """Sorts the files of one folder in, and gives its folders in the order of their names."""
    subfolders: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        found.unreadable.append((folder, error.strerror or str(error)))
        return []
    for name in names:
        path = folder / name
        if path.is_dir():
            subfolders.append(path)
        else:
            _sort_in(path, found)
    return subfolders


def _sort_in(path: Path, found: FoundFiles) -> None:
    """Looks at the beginning of a file; pipes and devices, which may block, are never opened."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            found.others += 1
            return
        with path.open("rb") as file:
            media_type = media_type_of(file.read(_HEAD_BYTES))
    except OSError as error:
        found.unreadable.append((path, error.strerror or str(error)))
        return
    if media_type is None:
        found.others += 1
    else:
        found.pictures.append(PictureFile(path, media_type, status.st_mtime))


def _enter(path: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        identity = _identity(path)
    except OSError:
        return False
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _unusable(path: Path, reason: str) -> InputUnusable:
    return InputUnusable(path=path, reason=reason, action="Name a folder of pictures, or a picture file.")
