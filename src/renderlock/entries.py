"""Families whose members are named by a reference: ours in a table, third parties' through an entry-point group.

Engines and upscalers look their members up here; a member's module is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

OUR_PACKAGE = "renderlock"


@dataclass(frozen=True)
class Entry:
    """One member: its name, where its factory is, what it is for, and which package brought it."""

    name: str
    factory: str
    summary: str
    package: str = OUR_PACKAGE

    def load(self) -> object:
        """The factory; imports its module."""
        module_name, _, attribute = self.factory.partition(":")
        factory: object = getattr(import_module(module_name), attribute)
        return factory


def list_entries(ours: Sequence[Entry], group: str) -> tuple[Entry, ...]:
    """Ours first, then those of installed packages; a third party cannot take one of our names."""
    names = {entry.name for entry in ours}
    theirs = {_entry_of(point) for point in entry_points(group=group) if point.name not in names}
    return (*ours, *sorted(theirs, key=lambda entry: (entry.name, entry.package, entry.factory)))


def nearest(name: str, names: Sequence[str]) -> str:
    """The question whether the nearest of these names was meant; "" where none is near."""
    near = get_close_matches(name, names, 1)
    return f". Did you mean {near[0]}?" if near else ""


def _entry_of(point: EntryPoint) -> Entry:
    package = point.dist.name if point.dist else "an unknown package"
    return Entry(point.name, point.value, f"from {package}", package)
