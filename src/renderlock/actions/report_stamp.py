"""Which files of a report folder are ours, and what they show: so that current ones stay, and others' are kept.

`reports.json` names every report with its length; a file it does not name is a person's and is never written over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from renderlock.actions.user_files import refusals_as_unwritable, write_user_file
from renderlock.errors import WouldOverwrite

REPORT_FORMAT = "renderlock reports 1"
STAMP_NAME = "reports.json"


@dataclass(frozen=True)
class Stamp:
    """What the reports of a folder were made from ("" while they are being made), and each file's length in bytes."""

    inputs: str
    files: Mapping[str, int]

    def is_whole(self, folder: Path) -> bool:
        """Whether every file is there with its length."""
        paths = {folder / name: length for name, length in self.files.items()}
        return all(path.is_file() and path.stat().st_size == length for path, length in paths.items())


def read_stamp(folder: Path) -> Stamp:
    """The stamp of a folder; an empty one where there is none that can be read."""
    try:
        fields = json.loads((folder / STAMP_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Stamp("", {})
    files = fields.get("files") if isinstance(fields, dict) and fields.get("format") == REPORT_FORMAT else None
    if not isinstance(files, dict):
        return Stamp("", {})
    # A name that leads out of the folder is not from us.
    own = {name: length for name, length in files.items() if Path(name).name == name and isinstance(length, int)}
    return Stamp(str(fields.get("inputs")), own)


def write_stamp(folder: Path, stamp: Stamp) -> None:
    """Puts the stamp into the folder, made where needed."""
    fields = {"format": REPORT_FORMAT, "inputs": stamp.inputs, "files": dict(stamp.files)}
    write_user_file(folder / STAMP_NAME, json.dumps(fields, indent=2).encode())


def refuse_foreign(folder: Path, names: Iterable[str], stamp: Stamp) -> None:
    """Raises `WouldOverwrite` for a file that has the name of a report and is none; a stamp of others' is one too."""
    foreign = [name for name in names if name not in stamp.files]
    if not stamp.files:
        foreign.append(STAMP_NAME)
    for name in foreign:
        if (folder / name).exists() or (folder / name).is_symlink():
            raise WouldOverwrite(path=folder / name)


def remove_left_over(folder: Path, names: Iterable[str]) -> None:
    """Removes reports that are not made any more."""
    for name in names:
        with refusals_as_unwritable(folder / name):
            (folder / name).unlink(missing_ok=True)
