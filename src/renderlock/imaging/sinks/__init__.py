"""Picture files written row by row, so that memory does not grow with the picture's height."""

from renderlock.imaging.sinks.base import FileSink, PictureForm, RowSink
from renderlock.imaging.sinks.formats import FORMATS, PictureFormat, format_of, open_sink, refuse_too_narrow

__all__ = [
    "FORMATS",
    "FileSink",
    "PictureForm",
    "PictureFormat",
    "RowSink",
    "format_of",
    "open_sink",
    "refuse_too_narrow",
]
