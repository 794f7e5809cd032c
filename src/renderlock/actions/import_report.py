"""What an import did, as a value, as JSON and as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_MOST_LISTED = 20


@dataclass(frozen=True)
class ImportProgress:
    """How far an import is: the file it has just dealt with, and how many of all files are done."""

    path: Path
    done: int
    total: int


OnProgress = Callable[[ImportProgress], None]


@dataclass(frozen=True)
class Unreadable:
    """A picture file that could not be imported, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """What an import did: how many pictures each tool made, what was there already, what could not be read.

    `imported` counts new renders, `tools` how many of them each tool made (`none` where no tool is known).
    `known` counts pictures the store had before, `duplicates` files with the same bytes as another of this
    import, `plain` pictures left out because they have no metadata, `others` files that are no pictures.
    """

    folder: str
    imported: int
    tools: tuple[tuple[str, int], ...]
    known: int
    duplicates: int
    plain: int
    others: int
    unreadable: tuple[Unreadable, ...]
    notes: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, object]:
        """The report as plain JSON values."""
        return {
            "folder": self.folder,
            "imported": self.imported,
            "tools": dict(self.tools),
            "known": self.known,
            "duplicates": self.duplicates,
            "plain": self.plain,
            "others": self.others,
            "unreadable": [{"path": file.path, "reason": file.reason} for file in self.unreadable],
            "notes": [{"path": path, "note": note} for path, note in self.notes],
        }

    def summary(self) -> str:
        """The report as a few lines of text."""
        tools = ", ".join(f"{tool} {count}" for tool, count in self.tools)
        lines = [f"{self.imported} picture(s) imported from {self.folder}" + (f": {tools}." if tools else ".")]
        counted = (
            (self.known, "already in the store"),
            (self.duplicates, "with the same bytes as another"),
            (self.plain, "left out, without metadata"),
            (self.others, "other file(s) left out"),
        )
        lines += [f"{count} {what}." for count, what in counted if count]
        if self.unreadable:
            lines.append(f"{len(self.unreadable)} could not be read:")
            lines += [f"  {file.path}: {file.reason}" for file in self.unreadable[:_MOST_LISTED]]
            left = len(self.unreadable) - _MOST_LISTED
            lines += [f"  and {left} more (all of them are in the JSON report)"] if left > 0 else []
        return "\n".join(lines)
