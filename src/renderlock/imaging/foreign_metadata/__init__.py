"""Metadata that other tools wrote into pictures."""

from __future__ import annotations

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.containers import media_type_of, read_texts
from renderlock.imaging.foreign_metadata.table import (
    LARGEST_FILE_BYTES,
    read_foreign,
    read_foreign_bytes,
    read_foreign_texts,
)

__all__ = [
    "LARGEST_FILE_BYTES",
    "ForeignMetadata",
    "PictureTexts",
    "media_type_of",
    "read_foreign",
    "read_foreign_bytes",
    "read_foreign_texts",
    "read_texts",
]
