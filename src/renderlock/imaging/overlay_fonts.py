"""The project's own fonts: which faces the files hold, and which characters each face can draw.

Fonts of the system are never used, so that a banner looks the same on every machine. Files are read whole and named
by their SHA-256; only the tables that name a face and map its characters are looked at (OpenType 1.9: name, OS/2,
head, cmap).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from renderlock.errors import InputUnusable
from renderlock.imaging.overlay_sfnt import SfntDamaged, read_faces

FONT_ENDINGS = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_MOST_FILES = 500
_LARGEST_FILE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Face:
    """One face: the names of its family, its weight (400 regular, 700 bold), its slant, and what it can draw."""

    families: tuple[str, ...]
    weight: int
    italic: bool
    characters: frozenset[int]

    def __str__(self) -> str:
        return f"{self.families[0]} {self.weight}{' italic' if self.italic else ''}"


@dataclass(frozen=True)
class FontFile:
    """A font file by its content; `name` is for people."""

    name: str
    data: bytes
    sha256: str
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class Fonts:
    """The fonts that overlays may use; `folder` says for messages where they were looked for."""

    files: tuple[FontFile, ...] = ()
    folder: str = field(default="a fonts folder", compare=False)

    @property
    def faces(self) -> tuple[Face, ...]:
        """All faces of all files."""
        return tuple(face for file in self.files for face in file.faces)

    def family(self, name: str) -> tuple[Face, ...]:
        """The faces of a family by its exact name."""
        return tuple(face for face in self.faces if name in face.families)

    def holding(self, families: Iterable[str]) -> tuple[FontFile, ...]:
        """The files with a face of one of the families, by their SHA-256."""
        wanted = set(families)
        files = [file for file in self.files if any(wanted & set(face.families) for face in file.faces)]
        return tuple(sorted(files, key=lambda file: file.sha256))

    def listing(self) -> str:
        """All faces for a message, in the order of their names."""
        return ", ".join(sorted({str(face) for face in self.faces})) or "none"


def read_fonts(paths: Sequence[Path]) -> Fonts:
    """The fonts of files and of folders with all folders in them.

    Raises `InputUnusable` for a path that is not there, a file that is no TrueType or OpenType font, a folder
    without one, or more than 500 files.
    """
    files = [file for path in paths for file in _font_files(path)]
    if len(files) > _MOST_FILES:
        raise _unusable(files[-1], f"there are more than {_MOST_FILES} font files")
    by_content = {font.sha256: font for font in (_read_font(file) for file in files)}
    return Fonts(tuple(by_content.values()), ", ".join(str(path) for path in paths))


def _font_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise _unusable(path, "there is no such file or folder")
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in FONT_ENDINGS and file.is_file())
    if not found:
        raise _unusable(path, "the folder holds no font file")
    return found


def _read_font(path: Path) -> FontFile:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    if len(data) > _LARGEST_FILE_BYTES:
        raise _unusable(path, f"it is larger than {_LARGEST_FILE_BYTES // 2**20} MiB")
    return font_of(path.name, data, path)


def font_of(name: str, data: bytes, path: Path | None = None) -> FontFile:
    """The font in a file's bytes; raises `InputUnusable` where they are none."""
    try:
        faces = tuple(
            Face(face.families, face.weight, face.italic, frozenset(face.characters)) for face in read_faces(data)
        )
    except (SfntDamaged, struct.error, IndexError) as error:
        raise _unusable(path or Path(name), f"it is no font that can be read ({error})") from error
    return FontFile(name, data, hashlib.sha256(data).hexdigest(), faces)


def _unusable(path: Path, reason: str) -> InputUnusable:
    action = "Give .ttf, .otf or .ttc files, or a folder of them; web fonts (.woff) must be unpacked first."
    return InputUnusable(path=path, reason=reason, action=action)
