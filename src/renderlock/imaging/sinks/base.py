"""What every sink is: rows go in from top to bottom, and a whole file is there at the end or none at all.

The file is written beside its place and renamed into it by `close`; whatever ends before leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from renderlock.errors import FileUnwritable
from renderlock.files import sync_folder
from renderlock.imaging.pixels import Raster


class RowSink(Protocol):
    """Takes the rows of one picture, from top to bottom, and is closed after the last one."""

    def write(self, rows: Raster) -> None:
        """Takes the next rows, n x width x channels; their memory may be used again when this returns."""

    def close(self) -> None:
        """Finishes the picture; called once, after the last row."""


@dataclass(frozen=True)
class PictureForm:
    """What a picture file is to hold: size, channels (1 to 4: grey, grey and alpha, RGB, RGB and alpha), bits, texts.

    `icc` is an ICC profile, kept as it is; without one the picture is sRGB. `texts` are kept where the format has
    room for them (PNG).
    """

    width: int
    height: int
    channels: int
    bits: int = 8
    icc: bytes | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pixels: Raster, icc: bytes | None = None, texts: Mapping[str, str] | None = None) -> Self:
        """The form of a picture in memory."""
        height, width, channels = pixels.shape
        return cls(width, height, channels, pixels.dtype.itemsize * 8, icc, texts or {})

    @property
    def dtype(self) -> type[np.uint8 | np.uint16]:
        """The type of one value."""
        return np.uint8 if self.bits == 8 else np.uint16

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of pixels."""
        return self.width * self.channels * self.bits // 8


class FileSink(ABC):
    """A sink that writes a file; used with `with`, it closes at the end and leaves nothing where an error ends it."""

    def __init__(self, path: Path, form: PictureForm) -> None:
        self.path = path
        self.form = form
        self.rows_written = 0
        self._finished = False
        self._beside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")

    def write(self, rows: Raster) -> None:
        """Takes the next rows; raises `ValueError` for rows of another form or too many, `FileUnwritable`."""
        form = self.form
        if rows.shape[1:] != (form.width, form.channels) or rows.dtype != form.dtype:
            found = f"{rows.shape[1:]} of {rows.dtype}"
            raise ValueError(f"rows are {found}, not {(form.width, form.channels)} of {form.dtype.__name__}")
        self.rows_written += len(rows)
        if self.rows_written > form.height:
            raise ValueError(f"{self.rows_written} rows were written, but the picture has {form.height}")
        with self._refusals():
            self._write(rows)

    def close(self) -> None:
        """Finishes the file and gives it its name; raises `ValueError` where rows are missing, `FileUnwritable`."""
        if self._finished:
            return
        if self.rows_written != self.form.height:
            self.abort()
            raise ValueError(f"{self.rows_written} rows were written, but the picture has {self.form.height}")
        try:
            with self._refusals():
                self._finish()
                self._publish()
        except BaseException:
            self.abort()
            raise
        self._finished = True

    def abort(self) -> None:
        """Ends without a file; after `close` it does nothing."""
        if not self._finished:
            self._finished = True
            self._abandon()
            # A name that could not be written cannot be removed either; what refused it is what is told.
            with contextlib.suppress(OSError):
                self._beside.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abort()

    @abstractmethod
    def _write(self, rows: Raster) -> None:
        """Encodes the next rows, which are of the right form."""

    @abstractmethod
    def _finish(self) -> None:
        """Writes what is left; `_beside` is then whole."""

    @abstractmethod
    def _abandon(self) -> None:
        """Lets go of files and threads, whatever state they are in."""

    def _publish(self) -> None:
        self._beside.replace(self.path)
        sync_folder(self.path.parent)

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Ends without a file where the system refuses, and says so as `FileUnwritable`."""
        try:
            yield
        except OSError as error:
            self.abort()
            raise FileUnwritable(path=self.path, reason=error.strerror or str(error)) from error
