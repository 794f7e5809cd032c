"""Hashes of weight files: what makes a local model's identity a fact.

An engine asks a `FileHashes` for every file it loads, so that a caller with a store can remember the hash
of a large file that has not changed; without one, every file is read.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 4 * 1024 * 1024


class FileHashes(Protocol):
    """Gives the SHA-256 of files."""

    def of(self, path: Path) -> str:
        """SHA-256 (hex) of the file's bytes, a symbolic link followed; raises `OSError` where it cannot be read."""


class FreshHashes:
    """Hashes that are computed each time they are asked for."""

    def of(self, path: Path) -> str:
        """SHA-256 (hex) of the file's bytes as they are now."""
        return hash_file(path)


def hash_file(path: Path) -> str:
    """SHA-256 (hex) of a file of any size, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
