"""Errors of the user's own files: what cannot be read as given, and what cannot be written."""

from __future__ import annotations

from renderlock.errors.base import UsageError


class InputUnusable(UsageError):
    """A file or folder the user named cannot be used."""

    template = "{path} cannot be used: {reason}."
    hint = "{action}"


class OverlayRefused(UsageError):
    """An SVG that would load something, act, or take more than a picture may."""

    template = "{file}:{line}: this SVG is refused: {reason}."
    hint = "{action}"


class FontMissing(UsageError):
    """An SVG asks for a font, or for a letter of a font, that the fonts given do not have."""

    template = "{file}:{line}: the text asks for {asked}, which the fonts given do not have."
    hint = "Add the font's file to {folder}; fonts of the system are never used. Found: {found}."


class WouldOverwrite(UsageError):
    """A file of the user's is in the way and is kept."""

    template = "{path} is already there and is not overwritten."
    hint = "Choose another place, or move it away first."


class FileUnwritable(UsageError):
    """A file or folder of the user's cannot be written."""

    template = "{path} cannot be written: {reason}."
    hint = "Make it writable, or name another place. What is rendered is kept in the store."


class FormatTooNarrow(UsageError):
    """A picture that the file format its name asks for cannot hold."""

    template = "{path} cannot hold this picture: {reason}."
    hint = "Formats that can: {able}."


class TilesUnfit(UsageError):
    """Files that were given as tiles and do not make one picture together."""

    template = "These tiles do not make one picture:\n{listing}"
    hint = "{action}"
