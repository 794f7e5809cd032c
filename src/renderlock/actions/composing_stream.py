"""Composing as a stream: rows of a picture come in, its composed file goes out, and no more than a band is in memory.

Bands of any height give the same file. What cannot be known before the last row, as whether something of a sprite is
transparent, waits in a file beside it.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from renderlock.actions.composing import ComposePlan
from renderlock.errors import FileUnwritable, FormatTooNarrow, InputUnusable
from renderlock.files import sync_folder
from renderlock.imaging.colour import SRGB, Profile, convert_to
from renderlock.imaging.colour_match import apply_correction
from renderlock.imaging.colour_reader import HeldPicture, Picture
from renderlock.imaging.overlay import Placement, drawn_layers
from renderlock.imaging.palette import Indexed
from renderlock.imaging.palette_lock import PaletteLocker
from renderlock.imaging.palette_png import indexed_pieces
from renderlock.imaging.palette_report import PaletteReport, PaletteReporter
from renderlock.imaging.pixels import Pixels, PixelsDigest, Raster, high_bytes
from renderlock.imaging.sinks import FileSink, PictureForm, format_of, open_sink
from renderlock.spec.recipe import Size
from renderlock.store.records import StagedPicture
from renderlock.store.store import Store

BAND_PX = 500_000
"""Pixels that are worked on at once."""

_INDEXED = ".png"


@dataclass(frozen=True)
class Writing:
    """How a composed picture is written: the texts in its file, whether its pixels are kept for reading, the bands.

    `band_rows` is how many rows are worked on at once; None leaves it to the width.
    """

    texts: Mapping[str, str]
    keeps_pixels: bool = False
    band_rows: int | None = None


@dataclass(frozen=True)
class ComposedFile:
    """A composed picture in its file, and what was measured.

    `pixels_digest` is of the file's pixels at 8 bits, `source_digest` of the source's at the bits of the work.
    `placements` are in the order of the overlays. `seen` is the picture as 8-bit sRGB, in a file of its own, where it
    was asked for.
    """

    path: Path
    media_type: str
    size: Size
    bits: int
    pixels_digest: str
    source_digest: str
    placements: tuple[Placement, ...]
    palette: PaletteReport | None
    seen: Pixels | None = None

    def as_new(self) -> StagedPicture:
        """The picture as the store takes it over."""
        return StagedPicture(self.path, self.media_type, self.size.width, self.size.height, self.pixels_digest)


@dataclass(frozen=True)
class Composed:
    """A composed picture in memory: its 8-bit sRGB pixels, its PNG file, and what was measured."""

    pixels: Pixels
    png: bytes
    placements: tuple[Placement, ...]
    palette: PaletteReport | None


class _Output(Protocol):
    """Where worked rows go."""

    def write(self, rows: Raster, top: int) -> None:
        """Takes the sRGB rows from `top` on."""

    def finish(self) -> str:
        """Ends the file and gives the digest of its pixels."""

    def abort(self) -> None:
        """Ends without a file."""

    @property
    def report(self) -> PaletteReport | None:
        """What a palette did."""


def compose_file(source: Picture, plan: ComposePlan, path: Path, writing: Writing) -> ComposedFile:
    """Writes the composed picture to `path`, in the format of its ending; nothing is there where it fails.

    Raises `OverlayRefused` and `FontMissing` for an overlay that cannot be drawn, `FormatTooNarrow` and `UnknownName`
    for a file that cannot hold the picture, `FileUnwritable`, `InputUnusable` for a damaged source.
    """
    bits = plan.bits_of(source.bits)
    digest = PixelsDigest(source.width, source.height, source.channels, bits)
    shape = (source.height, source.width, source.channels)
    with drawn_layers(plan.overlays, plan.fonts, source.width, source.height) as layers:
        seen = _scratch(path.parent, shape) if writing.keeps_pixels else None
        output = _open_output(path, source, plan, writing, seen)
        try:
            top = 0
            for band in source.bands(writing.band_rows or max(1, BAND_PX // source.width)):
                rows = high_bytes(band) if bits == 8 else band
                digest.update(rows)
                worked = rows.copy() if plan.correction is None else apply_correction(rows, plan.correction)
                layers.lay(worked, top)
                output.write(worked, top)
                top += len(worked)
            pixels_digest = output.finish()
        except BaseException:
            output.abort()
            raise
        return ComposedFile(
            path=path,
            media_type=format_of(path).media_type,
            size=Size(source.width, source.height),
            bits=bits,
            pixels_digest=pixels_digest,
            source_digest=digest.hexdigest(),
            placements=layers.placements,
            palette=output.report,
            seen=seen,
        )


def new_staged_path(store: Store) -> Path:
    """A name in the store's `tmp`, that nobody else writes, for a PNG that goes into it."""
    return store.layout.tmp / f"composed.{secrets.token_hex(12)}.png"


@contextmanager
def staged_path(store: Store) -> Iterator[Path]:
    """A new staged path for the block; what is not taken over is gone at its end."""
    path = new_staged_path(store)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def compose_picture(pixels: Pixels, plan: ComposePlan, texts: Mapping[str, str] | None = None) -> Composed:
    """The composed picture of H x W x 3|4 8-bit sRGB pixels; raises as `compose_file` does."""
    with tempfile.TemporaryDirectory(prefix="renderlock-compose-") as folder:
        writing = Writing(texts or {}, keeps_pixels=True)
        done = compose_file(HeldPicture(pixels), plan, Path(folder) / "composed.png", writing)
        assert done.seen is not None
        return Composed(np.array(done.seen), done.path.read_bytes(), done.placements, done.palette)


def _open_output(path: Path, source: Picture, plan: ComposePlan, writing: Writing, seen: Pixels | None) -> _Output:
    if plan.palette is None:
        bits = plan.bits_of(source.bits)
        icc = plan.icc.data or None
        form = PictureForm(source.width, source.height, source.channels, bits, icc, writing.texts)
        return _PlainOutput(open_sink(path, form), plan.icc, seen)
    if path.suffix.lower() != _INDEXED:
        reason = f"a palette, and {format_of(path).name} holds plain colours"
        raise FormatTooNarrow(path=path, reason=reason, able="PNG (.png)")
    return _IndexedOutput(path, source, plan, writing.texts, seen)


class _PlainOutput:
    """Rows in the colours of a profile."""

    report: PaletteReport | None = None

    def __init__(self, sink: FileSink, profile: Profile, seen: Pixels | None) -> None:
        self._sink, self._profile, self._seen = sink, profile, seen
        form = sink.form
        self._digest = PixelsDigest(form.width, form.height, form.channels)

    def write(self, rows: Raster, top: int) -> None:
        if self._seen is not None:
            self._seen[top : top + len(rows)] = high_bytes(rows)
        written = rows if self._profile == SRGB else convert_to(rows, self._profile)
        self._digest.update(high_bytes(written))
        self._sink.write(written)

    def finish(self) -> str:
        self._sink.close()
        return self._digest.hexdigest()

    def abort(self) -> None:
        self._sink.abort()


class _IndexedOutput:
    """Rows in the colours of a palette; the file is written when all are there."""

    def __init__(
        self, path: Path, source: Picture, plan: ComposePlan, texts: Mapping[str, str], seen: Pixels | None
    ) -> None:
        assert plan.palette is not None
        self._path, self._palette, self._texts, self._seen = path, plan.palette, texts, seen
        self._size = (source.width, source.height)
        self._locker = PaletteLocker(plan.palette, plan.dither, source.width)
        self._reporter = PaletteReporter(plan.palette, source.width, source.height)
        self._indices = _scratch(path.parent, (source.height, source.width))
        self._filled = 0
        self.report: PaletteReport | None = None

    def write(self, rows: Raster, top: int) -> None:
        eight = high_bytes(rows)
        self._reporter.take_before(eight, top)
        try:
            self._keep(self._locker.take(eight))
        except ValueError as error:
            name = self._palette.name or "the palette"
            raise InputUnusable(path=name, reason=error, action="Give a palette of fewer colours.") from error

    def finish(self) -> str:
        self._keep(self._locker.finish())
        self.report = self._reporter.report()
        picture = Indexed(self._indices, self._palette, self._locker.transparent)
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            with beside.open("xb") as file:
                file.writelines(indexed_pieces(picture, self._texts))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise FileUnwritable(path=self._path, reason=error.strerror or str(error)) from error
        finally:
            beside.unlink(missing_ok=True)
        return self._shown(picture)

    def abort(self) -> None:
        """Nothing is at its place before all is done."""

    def _keep(self, indices: Pixels) -> None:
        self._indices[self._filled : self._filled + len(indices)] = indices
        self._reporter.take_after(indices, self._filled)
        self._filled += len(indices)

    def _shown(self, picture: Indexed) -> str:
        """The digest of the colours that the indices show, which are kept for reading where that was asked."""
        width, height = self._size
        digest = PixelsDigest(width, height, 3 if picture.transparent is None else 4)
        step = max(1, BAND_PX // width)
        for top in range(0, height, step):
            part = Indexed(self._indices[top : top + step], picture.palette, picture.transparent).to_pixels()
            digest.update(part)
            if self._seen is not None:
                self._seen[top : top + step, :, : part.shape[2]] = part
                self._seen[top : top + step, :, part.shape[2] :] = 255
        return digest.hexdigest()


def _scratch(folder: Path, shape: tuple[int, ...]) -> Pixels:
    """Room in a file that is gone when nobody holds it; raises `FileUnwritable`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, np.uint8, "w+", shape=shape)
    except OSError as error:
        raise FileUnwritable(path=folder, reason=error.strerror or str(error)) from error
