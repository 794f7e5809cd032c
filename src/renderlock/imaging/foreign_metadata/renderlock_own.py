"""Recognises renderlock's own pictures, whose recipe stands as JSON under their own key."""

from __future__ import annotations

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts

OWN_KEY = "renderlock"


def read_renderlock(found: PictureTexts) -> ForeignMetadata | None:
    """The JSON under renderlock's own key as `raw`, for the import to read; None where the picture has none."""
    text = found.texts.get(OWN_KEY)
    return ForeignMetadata(tool="renderlock", raw=text) if text else None
