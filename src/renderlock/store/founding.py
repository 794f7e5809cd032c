"""Making a folder a store, and telling a store from any other folder."""

from __future__ import annotations

from pathlib import Path

from renderlock.errors import StoreUnusable
from renderlock.files import write_durably
from renderlock.store.disk import ensure_folder, publish
from renderlock.store.layout import FORMAT, Layout


def found_store(layout: Layout) -> None:
    """Makes a new or empty folder a store; leaves a store as it is.

    A kill leaves an empty folder, or one with `tmp` alone, which counts as empty. Raises `StoreUnusable` for
    a folder with anything else in it.
    """
    if layout.format.exists():
        return
    entries = sorted(path.name for path in layout.root.iterdir()) if layout.root.exists() else []
    foreign = [name for name in entries if name != layout.tmp.name]
    if foreign and not layout.format.exists():  # Asked again: another process may just have made the store.
        reason = f"it holds other things ({', '.join(foreign[:3])}) and no file named format"
        raise StoreUnusable(path=layout.root, reason=reason, action="Name a new or empty folder.")
    ensure_folder(layout.tmp)
    temp = layout.new_temp("format", "1")
    write_durably(temp, f"{FORMAT}\n".encode())
    publish(temp, layout.format)
    temp.unlink(missing_ok=True)


def prove_store(layout: Layout) -> None:
    """Raises `StoreUnusable` where the folder is not a store of a format this version reads."""
    text = layout.format.read_text("utf-8", "replace").strip() if layout.format.exists() else ""
    if text != FORMAT:
        raise _other_format(layout.root, text)
    ensure_folder(layout.tmp)


def _other_format(root: Path, text: str) -> StoreUnusable:
    kind, _, number = text.rpartition(" ")
    ours, _, known = FORMAT.rpartition(" ")
    if kind == ours and number.isdecimal():
        reason = f"it has format {number}, this renderlock reads format {known}"
        return StoreUnusable(path=root, reason=reason, action="Update renderlock.")
    reason = "its file named format is not that of a store" if text else "there is no store in it"
    action = "Name the folder of a store; `renderlock run` makes one in an empty folder."
    return StoreUnusable(path=root, reason=reason, action=action)
