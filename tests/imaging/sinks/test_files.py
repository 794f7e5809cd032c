"""What holds for every sink: whole files or none, errors with the way out, pixels read back."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.imaging.collected import noise, photograph

from renderlock.errors import FileUnwritable, FormatTooNarrow, UnknownName, WouldOverwrite
from renderlock.imaging.pixels import Raster
from renderlock.imaging.regions import PictureReader
from renderlock.imaging.sinks import FORMATS, PictureForm, open_sink

ROOT = Path(__file__).parents[3]
ENDINGS = [ending for one in FORMATS for ending in one.endings]
LOSSLESS = [
    ("png", 4, 8),
    ("png", 1, 16),
    ("tif", 3, 8),
    ("tiff", 4, 16),
    ("btf", 2, 16),
    ("webp", 3, 8),
    ("webp", 4, 8),
]


def write(path: Path, pixels: Raster, piece: int = 17, icc: bytes | None = None) -> None:
    with open_sink(path, PictureForm.of(pixels, icc)) as sink:
        for top in range(0, len(pixels), piece):
            sink.write(pixels[top : top + piece])


@pytest.mark.parametrize(("ending", "channels", "bits"), LOSSLESS)
def test_lossless_formats_give_the_pixels_back(tmp_path: Path, ending: str, channels: int, bits: int) -> None:
    pixels = noise(150, 170, channels, bits=bits)
    path = tmp_path / f"p.{ending}"

    write(path, pixels)

    assert np.array_equal(PictureReader(path).read_rows(0, 170), pixels)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_jpeg_looks_the_same(tmp_path: Path) -> None:
    picture = photograph()

    write(tmp_path / "p.jpg", picture)

    shown = PictureReader(tmp_path / "p.jpg").read_rows(0, 512)
    assert np.abs(shown.astype(int) - picture).mean() < 2


@pytest.mark.parametrize("ending", ["png", "tif", "webp", "jpg"])
def test_the_profile_is_kept(tmp_path: Path, ending: str, profile: bytes) -> None:
    path = tmp_path / f"p.{ending}"

    write(path, noise(20, 20), icc=profile)

    assert PictureReader(path).icc == profile


@pytest.fixture
def profile() -> bytes:
    """An RGB profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_pyramid_has_a_descriptor_and_levels(tmp_path: Path) -> None:
    write(tmp_path / "big.dzi", photograph())

    assert 'Width="512"' in (tmp_path / "big.dzi").read_text()
    assert len(list((tmp_path / "big_files" / "9").iterdir())) == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.dzi", "big_files"]
    with pytest.raises(WouldOverwrite, match="big_files"):
        write(tmp_path / "big.dzi", photograph())


def test_tiff_is_tiled_and_big_where_asked(tmp_path: Path) -> None:
    write(tmp_path / "p.btf", noise(600, 300))
    write(tmp_path / "p.tif", noise(600, 300))

    assert (tmp_path / "p.btf").read_bytes()[2] == 43
    assert (tmp_path / "p.tif").read_bytes()[2] == 42
    with Image.open(tmp_path / "p.tif") as picture:
        assert picture.tag_v2[322] == 256  # type: ignore[attr-defined]  # only TIFF files have tags


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_sink_that_is_aborted_leaves_nothing(tmp_path: Path, ending: str) -> None:
    sink = open_sink(tmp_path / f"p{ending}", PictureForm(300, 400, 3))

    def write_and_stop() -> None:
        with sink:
            sink.write(noise(300, 200))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()

    assert list(tmp_path.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("picture-file", "png"))]


@pytest.mark.parametrize("ending", ENDINGS)
def test_missing_rows_are_an_error_and_leave_nothing(tmp_path: Path, ending: str) -> None:
    sink = open_sink(tmp_path / f"p{ending}", PictureForm(30, 40, 3))
    sink.write(noise(30, 39))

    with pytest.raises(ValueError, match="39 rows were written, but the picture has 40"):
        sink.close()

    assert list(tmp_path.iterdir()) == []


def test_rows_of_another_form_or_too_many_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rows are"), open_sink(tmp_path / "p.png", PictureForm(30, 40, 3)) as sink:
        sink.write(noise(30, 10, bits=16))
    with pytest.raises(ValueError, match="41 rows"), open_sink(tmp_path / "p.png", PictureForm(30, 40, 3)) as sink:
        sink.write(noise(30, 41))

    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(b"old")

    sink = open_sink(path, PictureForm(30, 40, 3))
    sink.write(noise(30, 40))

    assert path.read_bytes() == b"old"
    sink.close()
    sink.abort()
    assert path.read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize(
    ("name", "form", "reason", "able"),
    [
        ("p.webp", PictureForm(16_384, 10, 3), "16384 pixels, and WebP ends at 16383", "TIFF"),
        ("p.jpg", PictureForm(10, 70_000, 3), "70000 pixels", "PNG"),
        ("p.jpg", PictureForm(10, 10, 4), "RGB with alpha", "WebP"),
        ("p.webp", PictureForm(10, 10, 3, bits=16), "16 bits", "TIFF"),
        ("p.dzi", PictureForm(10, 10, 3, bits=16), "16 bits", "PNG"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_those_that_can(
    tmp_path: Path, name: str, form: PictureForm, reason: str, able: str
) -> None:
    with pytest.raises(FormatTooNarrow, match=reason) as error:
        open_sink(tmp_path / name, form)

    assert able in error.value.advice
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_ending_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as error:
        open_sink(tmp_path / "p.bmp", PictureForm(4, 4, 3))

    assert ".tiff" in error.value.advice


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)

    with pytest.raises(FileUnwritable, match="closed"):
        open_sink(folder / "p.png", PictureForm(4, 4, 3))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_name_that_the_system_refuses_is_said(tmp_path: Path, ending: str) -> None:
    form = PictureForm(4, 4, 3)

    with pytest.raises(FileUnwritable), open_sink(tmp_path / f"{'p' * 250}.{ending}", form) as sink:
        sink.write(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on file sizes")
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_disk_that_takes_no_more_ends_without_a_file(tmp_path: Path, ending: str) -> None:
    script = f"""
import resource, signal, sys
from pathlib import Path
from tests.imaging.collected import noise
from renderlock.errors import FileUnwritable
from renderlock.imaging.sinks import PictureForm, open_sink
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
pixels = noise(500, 500)
try:
    with open_sink(Path({str(tmp_path / "p")!r} + ".{ending}"), PictureForm.of(pixels)) as sink:
        sink.write(pixels)
except FileUnwritable as error:
    sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, cwd=ROOT)

    assert done.returncode == 7, done.stderr
    assert list(tmp_path.iterdir()) == []
