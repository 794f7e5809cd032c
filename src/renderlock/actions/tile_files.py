"""Tile files on disk: which files a person meant, what each holds, and reading them one at a time for a merge."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from renderlock.errors import InputUnusable
from renderlock.imaging.pixels import Raster
from renderlock.imaging.regions import PictureReader
from renderlock.imaging.sinks.formats import CHANNEL_WORDS
from renderlock.imaging.tile_layout import Laid, TileFile, lay_out, unfit
from renderlock.imaging.tile_names import TILE_KEY, NamedPlace, TilePlace, place_in_name
from renderlock.imaging.tiles import Tile

ENDINGS = (".png", ".tif", ".tiff", ".webp", ".jpg", ".jpeg")
KEPT_BYTES = 256 << 20
"""Decoded tiles are kept up to this much, so that small pictures are decoded once though they are read twice."""

_PATTERN_MARKS = re.compile(r"[*?\[]")
_ONE_KIND = "Convert the tiles to one kind first; a merge does not guess."


@dataclass(frozen=True)
class TileSet:
    """Tiles that make one picture: their grid, the file of each, and what all of them hold."""

    laid: Laid
    paths: tuple[Path, ...]
    channels: int
    bits: int
    icc: bytes | None

    def path(self, tile: Tile) -> Path:
        """The file of a tile."""
        return self.paths[self.laid.files[tile]]


class FileTiles:
    """Reads tiles from their files for `merge_tiles`."""

    def __init__(self, tiles: TileSet) -> None:
        self._tiles = tiles
        self._kept: OrderedDict[Tile, Raster] = OrderedDict()
        self._kept_bytes = 0

    def read(self, tile: Tile) -> Raster:
        """The pixels of a tile; raises `InputUnusable` where its file is damaged."""
        if tile in self._kept:
            return self._kept[tile]
        pixels = PictureReader(self._tiles.path(tile)).read_rows(0, tile.height)
        if self._kept_bytes + pixels.nbytes <= KEPT_BYTES:
            self._kept[tile] = pixels
            self._kept_bytes += pixels.nbytes
        return pixels


class FileBase:
    """A base in a picture file, read from top to bottom."""

    def __init__(self, path: Path) -> None:
        self._reader = PictureReader(path, "regions")
        self.width, self.height, self.channels = self._reader.width, self._reader.height, self._reader.channels

    def read_rows(self, top: int, bottom: int) -> Raster:
        """The rows from `top` up to `bottom`."""
        return self._reader.read_rows(top, bottom)


def find_tiles(inputs: Sequence[str], *, overlap: int | None) -> TileSet:
    """The tiles that files, folders, patterns and `.dzi` files name.

    `overlap` in pixels counts for names that state rows and columns only; None is 0, or what the `.dzi` file states.
    Raises `InputUnusable` for what is no picture, `TilesUnfit` where they do not make one picture.
    """
    pyramid = _pyramid_of(inputs)
    paths = _unique(path for text in inputs for path in _paths(text)) if pyramid is None else pyramid.tiles()
    readers = [PictureReader(path) for path in paths]
    _refuse_mixed(readers)
    stated = 0 if pyramid is None else 2 * pyramid.overlap
    files = [TileFile(path.name, one.width, one.height, _place(one)) for path, one in zip(paths, readers, strict=True)]
    laid = lay_out(files, overlap=stated if overlap is None else overlap)
    first = readers[0]
    return TileSet(laid, tuple(paths), first.channels, first.bits, first.icc)


@dataclass(frozen=True)
class _Pyramid:
    """A deep-zoom pyramid's largest level, and how far its tiles reach over their own cell on each inner side."""

    level: Path
    overlap: int

    def tiles(self) -> list[Path]:
        return _folder(self.level)


def _pyramid_of(inputs: Sequence[str]) -> _Pyramid | None:
    """The pyramid of a single `.dzi` file."""
    if len(inputs) != 1 or not inputs[0].lower().endswith(".dzi"):
        return None
    path = Path(inputs[0])
    try:
        text = path.read_text("utf-8", "replace")
        levels = [folder for folder in path.with_name(f"{path.stem}_files").iterdir() if folder.name.isdecimal()]
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    stated = re.search(r"""Overlap=["']([0-9]{1,4})["']""", text)
    if stated is None or not levels:
        raise _unusable(path, "it states no overlap, or has no levels")
    return _Pyramid(max(levels, key=lambda folder: int(folder.name)), int(stated[1]))


def _paths(text: str) -> list[Path]:
    """The files that a path or a pattern names, in order."""
    path = Path(text)
    if path.is_dir():
        return _folder(path)
    if path.exists() or not _PATTERN_MARKS.search(text):
        return [path]
    anchor = Path(path.anchor)
    found = sorted(anchor.glob(str(path.relative_to(anchor))) if path.anchor else Path().glob(text))
    if not found:
        raise _unusable(path, "no file fits this pattern")
    return [one for one in found if one.is_file()]


def _folder(folder: Path) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from error
    if not found:
        raise _unusable(folder, "it holds no pictures")
    return [path for path in found if not path.name.startswith(".")]


def _unique(paths: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(paths))


def _place(reader: PictureReader) -> TilePlace | NamedPlace | None:
    text = reader.texts.get(TILE_KEY)
    if text is None:
        return place_in_name(reader.path.stem)
    try:
        return TilePlace.from_text(text)
    except ValueError as error:
        raise _unusable(reader.path, error) from error


def _refuse_mixed(readers: Sequence[PictureReader]) -> None:
    """Tiles of one picture have the same channels, bits and profile."""
    kinds: Mapping[Path, tuple[int, int, bytes | None]] = {
        one.path: (one.channels, one.bits, one.icc) for one in readers
    }
    usual = max(kinds.values(), key=list(kinds.values()).count)
    others = {path: kind for path, kind in kinds.items() if kind != usual}
    if others:
        raise unfit((f"{path.name}: {_difference(kind, usual)}" for path, kind in others.items()), _ONE_KIND)


def _difference(kind: tuple[int, int, bytes | None], usual: tuple[int, int, bytes | None]) -> str:
    if kind[:2] != usual[:2]:
        return f"it is {_words(kind)}, the others {_words(usual)}"
    return "it has another colour profile than the others"


def _words(kind: tuple[int, int, bytes | None]) -> str:
    return f"{kind[1]}-bit {CHANNEL_WORDS[kind[0]]}"


def _unusable(path: Path, reason: object) -> InputUnusable:
    return InputUnusable(path=path, reason=reason, action="Name the tiles of one picture: files, a folder, a pattern.")
