"""Metadata that other tools wrote into pictures."""

from __future__ import annotations

from renderlock.imaging.foreign_metadata.base import ForeignMetadata
from renderlock.imaging.foreign_metadata.containers import media_type_of
from renderlock.imaging.foreign_metadata.table import LARGEST_FILE_BYTES, read_foreign, read_foreign_bytes

__all__ = ["LARGEST_FILE_BYTES", "ForeignMetadata", "media_type_of", "read_foreign", "read_foreign_bytes"]
