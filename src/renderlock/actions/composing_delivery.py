"""Composed pictures at the places people name: in the format of the ending, and never over another file.

A picture is finished beside its place first, so that a refusal of the second leaves the first where it was.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from renderlock.actions.composing_pictures import Result, Source
from renderlock.actions.user_files import refusals_as_unwritable
from renderlock.errors import FormatTooNarrow, InputUnusable, WouldOverwrite
from renderlock.imaging.sinks import PictureForm, format_of, open_sink

PYRAMID = ".dzi"
_PNG = ".png"
_COMPARED_BYTES = 1 << 20


def targets_of(sources: Sequence[Source], output: Path | None, *, has_palette: bool) -> list[Path | None]:
    """The file each result is written to, before anything is made; None for a render that only the store keeps.

    Raises `InputUnusable`, `UnknownName`, `FormatTooNarrow` and `WouldOverwrite` for a place that cannot be.
    """
    files = [source.name for source in sources if source.record is None]
    if output is None:
        if files:
            action = "Name the file to write: --output composed.png; the picture itself stays as it is."
            raise InputUnusable(path=files[0], reason="a file is composed into another file", action=action)
        return [None] * len(sources)
    if len(sources) == 1 and not output.is_dir():
        targets = [output]
    else:
        targets = [output / f"{Path(source.name).stem}{_PNG}" for source in sources]
    own = {Path(name).resolve() for name in files}
    for target in targets:
        _check_format(target, has_palette=has_palette)
        if target.resolve() in own or targets.count(target) > 1:
            reason = "it is one of the pictures, or the place of two results"
            raise InputUnusable(path=target, reason=reason, action="Name another folder with --output.")
    return list(targets)


@contextmanager
def beside(target: Path | None) -> Iterator[Path]:
    """A place beside a target where its picture is made; what is left there is gone at the end.

    A pyramid is a file and a folder that name each other, so it is made where it stays.
    """
    if target is None:
        yield Path()
        return
    if target.suffix.lower() == PYRAMID:
        if target.exists():
            raise WouldOverwrite(path=target)
        yield target
        return
    path = target.with_name(f".{target.stem}-{secrets.token_hex(6)}{target.suffix}")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def deliver(result: Result, target: Path) -> None:
    """Puts a result at its place; the same file may be there already.

    Raises `WouldOverwrite` where anything else is there, `FileUnwritable`, `FormatTooNarrow`.
    """
    if result.record is None:
        _publish(result.path, target)
        return
    with ExitStack() as stack:
        path = stack.enter_context(beside(target))
        if result.path.suffix == target.suffix.lower():
            with refusals_as_unwritable(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(result.path, path)
        else:
            _write_as(result.path, path)
        _publish(path, target)


def _check_format(target: Path, *, has_palette: bool) -> None:
    wanted = format_of(target)
    if has_palette and target.suffix.lower() != _PNG:
        reason = f"a palette, and {wanted.name} holds plain colours"
        raise FormatTooNarrow(path=target, reason=reason, able=f"PNG ({_PNG})")


def _write_as(stored: Path, path: Path) -> None:
    """A stored picture in another format, row by row, with its profile."""
    # Loaded here as libvips takes longer to load than all that needs no other format.
    from renderlock.imaging.regions import PictureReader  # noqa: PLC0415

    reader = PictureReader(stored)
    form = PictureForm(reader.width, reader.height, reader.channels, reader.bits, reader.icc)
    with open_sink(path, form) as sink:
        for rows in reader.bands():
            sink.write(rows)


def _publish(made: Path, target: Path) -> None:
    if made == target:
        return
    with refusals_as_unwritable(target):
        if target.exists() or target.is_symlink():
            if not _is_same(made, target):
                raise WouldOverwrite(path=target)
            made.unlink()
            return
        made.rename(target)


def _is_same(made: Path, target: Path) -> bool:
    if not target.is_file() or made.stat().st_size != target.stat().st_size:
        return False
    with made.open("rb") as first, target.open("rb") as second:
        while part := first.read(_COMPARED_BYTES):
            if part != second.read(_COMPARED_BYTES):
                return False
    return True
