"""PNG files without their texts: what tools write into them can hold prompts, workflows and paths.

Pixels and colour stay as they are, byte for byte, as whole chunks are left out and none is rewritten (PNG, third
edition, section 5).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})


def without_texts(data: bytes) -> bytes:
    """The file without text and EXIF chunks; anything that is no PNG file, and a damaged end, comes back as it is."""
    if not data.startswith(SIGNATURE):
        return data
    return SIGNATURE + b"".join(chunk for kind, chunk in _chunks(data) if kind not in TEXT_CHUNKS)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at:end]
        at = end


def has_chunk(path: Path, kind: bytes) -> bool:
    """Whether a file is a PNG with such a chunk before its pixels."""
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return False
        while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
            if head[4:] == kind:
                return True
            file.seek(int.from_bytes(head[:4], "big") + 4, 1)
    return False
