"""TIFF, WebP, JPEG and deep-zoom pyramids, written by libvips while the rows come in.

libvips pulls pixels, a sink has them pushed: a pipe stands between the two, with the rows as stored PNG, and libvips
saves in a thread. So libvips sees no more than it reads ahead, whatever the picture's height.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pyvips

from renderlock.errors import WouldOverwrite
from renderlock.files import sync_folder
from renderlock.imaging.pixels import Raster
from renderlock.imaging.sinks.base import FileSink, PictureForm
from renderlock.imaging.sinks.png import PngEncoder

TIFF_TILE = 256
LARGEST_CLASSIC_TIFF = 3_900_000_000
"""Bytes of pixels above which a TIFF is written as BigTIFF: offsets of the classic form end at 4 GiB."""

JPEG_QUALITY = 92
WEBP_EFFORT = 0
DEEP_ZOOM_QUALITY = 90
_DRAINED_BYTES = 1 << 20

Save = Callable[[pyvips.Image, Path], None]


class StreamedSink(FileSink):
    """Writes a file by a libvips saver."""

    def __init__(self, path: Path, form: PictureForm, save: Save) -> None:
        super().__init__(path, form)
        self._save = save
        self._error = ""
        read_end, write_end = os.pipe()
        self._pipe = os.fdopen(write_end, "wb", buffering=0)
        self._thread = threading.Thread(target=self._run, args=(read_end,), name="picture-file", daemon=True)
        self._thread.start()
        with self._refusals():
            self._encoder = PngEncoder(form, self._emit, packed=False)

    def _write(self, rows: Raster) -> None:
        self._encoder.write(rows)

    def _finish(self) -> None:
        self._encoder.close()
        self._pipe.close()
        self._thread.join()
        self._tell()

    def _abandon(self) -> None:
        self._encoder.stop()
        self._pipe.close()
        self._thread.join()

    def _emit(self, data: bytes) -> None:
        self._tell()
        view = memoryview(data)
        while view:
            view = view[self._pipe.write(view) :]

    def _tell(self) -> None:
        if self._error:
            raise OSError(self._error)

    def _run(self, read_end: int) -> None:
        """Saves in the sink's thread."""
        try:
            source = pyvips.Source.new_from_descriptor(read_end)
            picture = pyvips.Image.new_from_source(source, "", access="sequential", fail_on="error", unlimited=True)
            self._save(picture, self._beside)
        except (pyvips.Error, OSError) as error:
            self._error = str(error).strip() or "libvips cannot write it"
        finally:
            # What nobody reads any more would let the other end wait for ever.
            while os.read(read_end, _DRAINED_BYTES):
                pass
            os.close(read_end)


class PyramidSink(StreamedSink):
    """Writes a deep-zoom pyramid: NAME.dzi, which is renamed last, and the folder NAME_files with the tiles."""

    def __init__(self, path: Path, form: PictureForm) -> None:
        self._tiles = path.with_name(f"{path.stem}_files")
        if self._tiles.exists():
            raise WouldOverwrite(path=self._tiles)
        super().__init__(path, form, self._save_pyramid)

    def _save_pyramid(self, picture: pyvips.Image, beside: Path) -> None:
        beside.mkdir()
        suffix = ".png" if self.form.channels in {2, 4} else f".jpg[Q={DEEP_ZOOM_QUALITY}]"
        picture.dzsave(str(beside / self.path.stem), suffix=suffix, tile_size=254, overlap=1)

    def _publish(self) -> None:
        (self._beside / self._tiles.name).replace(self._tiles)
        (self._beside / f"{self.path.stem}.dzi").replace(self.path)
        shutil.rmtree(self._beside)
        sync_folder(self.path.parent)

    def _abandon(self) -> None:
        super()._abandon()
        shutil.rmtree(self._beside, ignore_errors=True)


def open_tiff(path: Path, form: PictureForm) -> FileSink:
    """A tiled TIFF, losslessly deflated; BigTIFF where the classic form ends, or the name ends in `.btf`."""
    big = path.suffix.lower() == ".btf" or form.row_bytes * form.height > LARGEST_CLASSIC_TIFF
    options: Mapping[str, str | int | bool] = {
        "compression": "deflate",
        "level": 1,
        "predictor": "horizontal",
        "tile": True,
        "tile_width": TIFF_TILE,
        "tile_height": TIFF_TILE,
        "bigtiff": big,
    }
    return StreamedSink(path, form, lambda picture, beside: picture.tiffsave(str(beside), **options))


def open_webp(path: Path, form: PictureForm) -> FileSink:
    """A lossless WebP file; libwebp holds the whole picture in memory."""
    return StreamedSink(
        path, form, lambda picture, beside: picture.webpsave(str(beside), lossless=True, exact=True, effort=WEBP_EFFORT)
    )


def open_jpeg(path: Path, form: PictureForm) -> FileSink:
    """A JPEG file with full colour resolution, so that small text keeps its edges."""
    return StreamedSink(
        path, form, lambda picture, beside: picture.jpegsave(str(beside), Q=JPEG_QUALITY, subsample_mode="off")
    )


def open_pyramid(path: Path, form: PictureForm) -> FileSink:
    """A deep-zoom pyramid for web viewers."""
    return PyramidSink(path, form)
