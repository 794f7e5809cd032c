"""Makes a folder of old pictures searchable renders: each file kept byte for byte, with what its tool wrote in it.

One unreadable file never stops the others. What is there already is not imported twice, so a stopped import goes on
when it is run again. Imported renders have their own standing, and production never builds on them.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import warnings
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from renderlock.actions.import_report import ImportProgress, ImportReport, OnProgress, Unreadable
from renderlock.actions.import_source import own_recipe, printable, source_of
from renderlock.actions.picture_files import PictureFile, find_files
from renderlock.errors import InputUnusable
from renderlock.imaging.foreign_metadata import read_foreign_texts, read_texts
from renderlock.spec.standing import Standing
from renderlock.store.records import Encoded, Made, NewRender, Origin
from renderlock.store.store import FileStamp, Store

__all__ = ["ImportProgress", "ImportReport", "OnProgress", "Unreadable", "import_pictures"]

_MOST_JOBS = 8
_MOST_WAITING = 12
_MOST_WAITING_BYTES = 256 * 1024 * 1024
"""Files read but not yet kept: they are in memory. One file alone may be larger."""

_DECODER_FAULTS = (RuntimeError, struct.error, EOFError, IndexError, ValueError)
"""What Pillow's decoders let out for damaged files beside its own errors: AVIF the first, EXIF the second."""

_LARGE_PX = 40_000_000
"""Pictures of more pixels are decoded one at a time, as each takes hundreds of megabytes."""


@dataclass(frozen=True)
class _Imported:
    """A picture that was imported: the tool that made it, and what could not be read of its metadata."""

    tool: str
    notes: tuple[str, ...]


Outcome = _Imported | Unreadable | Literal["plain"]


def import_pictures(
    folder: Path,
    store: Store,
    *,
    recursive: bool = True,
    skip_plain: bool = False,
    jobs: int = 0,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Imports the pictures of a folder, or one picture file; `skip_plain` leaves out those without metadata.

    `jobs` pictures are decoded at once, 0 means one a core. Raises `InputUnusable` where the folder cannot be
    read, and what `Store.put` raises where nothing can be kept; pictures imported before that stay.
    """
    found = find_files(folder, recursive=recursive, leave_out=store.layout.root)
    run = _Import(folder, store, skip_plain=skip_plain)
    run.unreadable += [Unreadable(run.shown(path), reason) for path, reason in found.unreadable]
    with warnings.catch_warnings(), _pool_of(jobs or min(os.cpu_count() or 1, _MOST_JOBS)) as pool:
        # Pillow warns of damaged EXIF and of large pictures; the first does not matter, the second is bounded.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        for done, file in enumerate(_taken(run, found.pictures, pool), 1):
            if on_progress is not None:
                on_progress(ImportProgress(file.path, done, len(found.pictures)))
    return run.report(others=found.others)


@contextmanager
def _pool_of(jobs: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that, when the work is stopped, finish what they are at and leave the rest."""
    pool = ThreadPoolExecutor(jobs)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(run: _Import, files: list[PictureFile], pool: ThreadPoolExecutor) -> Iterator[PictureFile]:
    """Imports the files and gives each when it is dealt with, in their order, a few of them at once.

    Files are read and compared here, one after the other, so that of two equal ones always the first is imported.
    """
    waiting: deque[_Waiting] = deque()
    for file in files:
        data = run.new_bytes(file)
        outcome = None if data is None else pool.submit(run.keep, file, data)
        waiting.append(_Waiting(file, len(data or b""), outcome))
        while len(waiting) > _MOST_WAITING or sum(one.size_bytes for one in waiting) > _MOST_WAITING_BYTES:
            yield waiting.popleft().settle(run)
    while waiting:
        yield waiting.popleft().settle(run)


class _Waiting(NamedTuple):
    """A file that is being imported, or one that was counted when it was read."""

    file: PictureFile
    size_bytes: int
    outcome: Future[Outcome] | None

    def settle(self, run: _Import) -> PictureFile:
        """Waits for the file to be kept, and counts it."""
        if self.outcome is not None:
            run.count(self.file, self.outcome.result())
        return self.file


class _Import:
    """The state of one import: what was counted so far, and which contents it has seen."""

    def __init__(self, folder: Path, store: Store, *, skip_plain: bool) -> None:
        self._folder, self._store, self._skip_plain = folder, store, skip_plain
        self._seen: set[str] = set()
        self._tools: Counter[str] = Counter()
        self._known = self._duplicates = self._plain = 0
        self._notes: list[tuple[str, str]] = []
        self._large = threading.Lock()
        self.unreadable: list[Unreadable] = []

    def new_bytes(self, file: PictureFile) -> bytes | None:
        """The bytes of a file that has to be imported; None where it was counted as known or as unreadable."""
        try:
            stamp = FileStamp.of(file.path)
            remembered = self._store.cached_hash(stamp)
            if remembered is not None and self._counted(remembered):
                return None
            data = file.read()
        except OSError as error:
            self.unreadable.append(Unreadable(self.shown(file.path), error.strerror or str(error)))
            return None
        except InputUnusable as error:
            self.unreadable.append(Unreadable(self.shown(file.path), str(error.facts["reason"])))
            return None
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._counted(sha256):
            self._seen.add(sha256)
            return data
        self._store.remember_hash(stamp, sha256)
        return None

    def keep(self, file: PictureFile, data: bytes) -> Outcome:
        """Imports one picture; called from several threads at once, so it counts nothing."""
        texts = read_texts(data, file.path.name)
        metadata = read_foreign_texts(texts)
        if metadata is None and self._skip_plain:
            return "plain"
        recipe, notes = own_recipe(metadata)
        notes += () if metadata is None else metadata.notes
        render = NewRender(
            picture=Encoded(data, file.media_type),
            recipe=recipe,
            standing=Standing.IMPORTED,
            origin=Origin(),
            made=Made(created=_moment(file.modified_s), seconds=0.0),
            source=source_of(metadata, self.shown(file.path), file.path.name, notes),
        )
        width, height = texts.size or (0, 0)
        try:
            with self._large if width * height > _LARGE_PX else nullcontext():
                self._store.put(render)
        except InputUnusable as error:
            return Unreadable(self.shown(file.path), str(error.facts["reason"]))
        except _DECODER_FAULTS as error:
            return Unreadable(self.shown(file.path), f"it cannot be decoded: {error}")
        return _Imported("none" if metadata is None else metadata.tool, notes)

    def count(self, file: PictureFile, outcome: Outcome) -> None:
        """Counts what became of a file."""
        if isinstance(outcome, Unreadable):
            self.unreadable.append(outcome)
        elif isinstance(outcome, _Imported):
            self._tools[outcome.tool] += 1
            self._notes += [(self.shown(file.path), note) for note in outcome.notes]
        else:
            self._plain += 1

    def report(self, *, others: int) -> ImportReport:
        """What the import did."""
        return ImportReport(
            folder=printable(str(self._folder)),
            imported=self._tools.total(),
            tools=tuple(sorted(self._tools.items())),
            known=self._known,
            duplicates=self._duplicates,
            plain=self._plain,
            others=others,
            unreadable=tuple(self.unreadable),
            notes=tuple(self._notes),
        )

    def shown(self, path: Path) -> str:
        """The path within the imported folder, so that a record does not depend on where the folder was."""
        inside = path.relative_to(self._folder) if path.is_relative_to(self._folder) else path
        return printable(path.name if inside == Path() else inside.as_posix())

    def _counted(self, sha256: str) -> bool:
        """Whether these bytes are there already, counting them as this import's or the store's."""
        if sha256 in self._seen:
            self._duplicates += 1
        elif self._store.standings_of(sha256):
            self._seen.add(sha256)
            self._known += 1
        else:
            return False
        return True


def _moment(modified_s: float) -> datetime:
    """The file's time; the epoch where the file system gives one that no calendar has."""
    try:
        return datetime.fromtimestamp(modified_s, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
