"""The reports of a run: a contact sheet a step and a variance report an asset, as HTML and PNG files.

They are made again only when the pictures they show have changed, so that a run with nothing to do reads
one small file a step and no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderlock.actions.report_stamp import (
    REPORT_FORMAT,
    Stamp,
    read_stamp,
    refuse_foreign,
    remove_left_over,
    write_stamp,
)
from renderlock.actions.shown import Shown
from renderlock.actions.user_files import write_user_file
from renderlock.spec.canonical import canonical_sha256
from renderlock.spec.standing import Standing
from renderlock.store.store import Store

REPORT_FOLDER = "reports"


@dataclass(frozen=True)
class Reports:
    """The files of one step's reports, and whether they were made now or were there."""

    folder: Path
    files: tuple[Path, ...]
    made: bool


def write_reports(store: Store, shown: Sequence[Shown], folder: Path, *, title: str) -> Reports:
    """Contact sheets and variance reports of these pictures, in `folder`, unless they are there already.

    Pictures come grouped by asset. An asset with one picture has no variance. Reports of before that are not made
    any more are removed. Raises `StoreDamaged` where a picture cannot be read, `WouldOverwrite` where a file of the
    same name is no report, `FileUnwritable`.
    """
    inputs = _inputs(shown, title)
    before = read_stamp(folder)
    if before.inputs == inputs and before.is_whole(folder):
        return Reports(folder, tuple(folder / name for name in before.files), made=False)
    lengths = _write_files(store, shown, folder, title=title)
    remove_left_over(folder, before.files.keys() - lengths.keys())
    write_stamp(folder, Stamp(inputs, lengths))
    return Reports(folder, tuple(folder / name for name in lengths), made=True)


def _write_files(store: Store, shown: Sequence[Shown], folder: Path, *, title: str) -> dict[str, int]:
    """Writes every file of the reports, and gives their lengths by name."""
    # Imported here as it loads scipy, which takes longer than all else of a run with nothing to do.
    from renderlock.actions.report_files import plan_sheets, plan_variances  # noqa: PLC0415

    before = read_stamp(folder)
    parts = (*plan_sheets(store, shown, title), *plan_variances(store, shown, title))
    names = [name for part in parts for name in part.names]
    refuse_foreign(folder, names, before)
    # Said before the first file is written: should this process be killed, the next one knows them as its own.
    write_stamp(folder, Stamp("", {**before.files, **dict.fromkeys(names, 0)}))
    lengths: dict[str, int] = {}
    for part in parts:
        for name, data in zip(part.names, part.make(), strict=True):
            write_user_file(folder / name, data)
            lengths[name] = len(data)
    return lengths


def _inputs(shown: Sequence[Shown], title: str) -> str:
    """One hash over everything a report shows."""
    pictures = [
        [
            one.asset.name,
            one.asset.prompt,
            one.asset.negative_prompt,
            one.record.address,
            *(text for verdict in one.verdicts for _, text in verdict.to_pairs()),
        ]
        for one in shown
    ]
    return canonical_sha256({"format": REPORT_FORMAT, "title": title, "pictures": pictures})


def report_folder(root: Path, step: str, *, standing: Standing, partial: bool) -> Path:
    """Where a step's reports go: rehearsals and runs over a part of the assets do not overwrite the whole."""
    base = root / standing.value if standing is Standing.REHEARSAL else root
    return base / step / "selection" if partial else base / step
