"""Writing a large picture: our sinks against Pillow's default PNG, with lossless JPEG XL and BigTIFF beside them.

python -m benchmarks.encode [--side 8192] [--folder FOLDER] (needs imagecodecs and tifffile)

The picture is made of photographs at their own resolution. Every encoder gets it mapped from a file and runs in a
process of its own; what it writes is read back and compared where it is lossless. Exits with 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.large_pictures import mapped
from benchmarks.measured import measure_apart, measure_here, print_cost
from PIL import Image

from renderlock.imaging.pixels import Pixels
from renderlock.imaging.regions import PictureReader
from renderlock.imaging.sinks import PictureForm, open_sink

FASTER, LARGEST_SHARE = 12.0, 1.10
SIDE_FILE = "side.txt"

Write = Callable[[Path, Pixels], object]


@dataclass(frozen=True)
class Encoder:
    """A way to write a picture, the file's ending, and whether its pixels must read back."""

    write: Write
    ending: str
    lossless: bool = True


def by_sink(path: Path, picture: Pixels) -> None:
    """Our sink for that ending, 64 rows at a time."""
    with open_sink(path, PictureForm.of(picture)) as sink:
        for top in range(0, len(picture), 64):
            sink.write(picture[top : top + 64])


def by_pillow(path: Path, picture: Pixels) -> None:
    """Pillow as most scripts use it."""
    Image.fromarray(picture).save(path)


def by_pillow_fast(path: Path, picture: Pixels) -> None:
    """Pillow at its fastest level that compresses."""
    Image.fromarray(picture).save(path, compress_level=1)


def by_jpeg_xl(path: Path, picture: Pixels) -> None:
    """Lossless JPEG XL at effort 1."""
    import imagecodecs  # noqa: PLC0415  only these lines need it

    path.write_bytes(imagecodecs.jpegxl_encode(picture, lossless=True, effort=1, numthreads=2))


def by_tifffile(path: Path, picture: Pixels) -> None:
    """BigTIFF with zstd tiles of 256 px."""
    import tifffile  # noqa: PLC0415  as above

    options = {"level": 1}
    tifffile.imwrite(
        path, picture, bigtiff=True, tile=(256, 256), compression="zstd", compressionargs=options, predictor=True
    )


ENCODERS = {
    "ours, PNG": Encoder(by_sink, "png"),
    "Pillow, PNG, default": Encoder(by_pillow, "png"),
    "Pillow, PNG, level 1": Encoder(by_pillow_fast, "png"),
    "ours, tiled TIFF, deflate": Encoder(by_sink, "tif"),
    "ours, BigTIFF, deflate": Encoder(by_sink, "btf"),
    "tifffile, BigTIFF, zstd": Encoder(by_tifffile, "tif"),
    "imagecodecs, JPEG XL, effort 1": Encoder(by_jpeg_xl, "jxl"),
    "ours, WebP, lossless": Encoder(by_sink, "webp"),
    "ours, JPEG, quality 92": Encoder(by_sink, "jpg", lossless=False),
    "ours, deep zoom": Encoder(by_sink, "dzi", lossless=False),
}


def run_case(name: str, folder: Path) -> None:
    """Writes the picture once and prints the cost."""
    picture = mapped(folder, int((folder / SIDE_FILE).read_text()))
    path = folder / f"encoded.{ENCODERS[name].ending}"
    print_cost(measure_here(lambda: ENCODERS[name].write(path, picture)))


def size_and_check(name: str, folder: Path, side: int) -> int:
    """Bytes written; raises `AssertionError` where a lossless file reads back otherwise. Removes what was written."""
    encoder = ENCODERS[name]
    path = folder / f"encoded.{encoder.ending}"
    files = [path, *sorted((folder / "encoded_files").rglob("*.*"))]
    length = sum(file.stat().st_size for file in files if file.is_file())
    if encoder.lossless and encoder.ending != "jxl":
        picture, reader = mapped(folder, side), PictureReader(path)
        for top in range(0, side, 512):
            assert np.array_equal(reader.read_rows(top, min(top + 512, side)), picture[top : top + 512]), name
    for file in files:
        file.unlink()
    return length


def measure(folder: Path, side: int) -> bool:
    """The table; True where ours keeps its limits against Pillow's default."""
    (folder / SIDE_FILE).write_text(str(side))
    mapped(folder, side)
    print(f"| {side} x {side} RGB | cpu s | wall s | MB | anonymous MB |\n| --- | --- | --- | --- | --- |")
    found = {}
    for name in ENCODERS:
        cost = measure_apart("benchmarks.encode", name, folder)
        length = size_and_check(name, folder, side)
        found[name] = (cost.cpu_s, length)
        print(
            f"| {name} | {cost.cpu_s:.2f} | {cost.wall_s:.2f} | {length / 1e6:.1f} | {cost.peak_mb:.0f} |", flush=True
        )
    (mine, my_bytes), (theirs, their_bytes) = found["ours, PNG"], found["Pillow, PNG, default"]
    faster, share = theirs / mine, my_bytes / their_bytes
    print(f"\nagainst Pillow's default PNG: {faster:.1f} times less CPU (at least {FASTER:.0f}),", end=" ")
    print(f"{share:.3f} times its size (at most {LARGEST_SHARE})")
    return faster >= FASTER and share <= LARGEST_SHARE


def main() -> int:
    """Runs all encoders; 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=8192, help="pixels of the picture's sides")
    parser.add_argument("--folder", type=Path, default=None, help="keeps the test picture here")
    parser.add_argument("--case", choices=ENCODERS, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        run_case(options.case, options.folder)
        return 0
    with tempfile.TemporaryDirectory(prefix="renderlock-encode-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return 0 if measure(folder, options.side) else 1


if __name__ == "__main__":
    sys.exit(main())
