"""Which picture formats can be written, what each holds, and the sink for a file name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from renderlock.errors import FileUnwritable, FormatTooNarrow, UnknownName
from renderlock.imaging.sinks.base import FileSink, PictureForm

ALL_CHANNELS = (1, 2, 3, 4)
CHANNEL_WORDS = {1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGB with alpha"}


@dataclass(frozen=True)
class PictureFormat:
    """A format: its endings, the longest side it holds, and the bits and channels it has."""

    name: str
    endings: tuple[str, ...]
    media_type: str
    opener: str
    longest_side: int
    bits: tuple[int, ...] = (8,)
    channels: tuple[int, ...] = ALL_CHANNELS

    def refusal(self, form: PictureForm) -> str | None:
        """Why this format cannot hold such a picture; None where it can."""
        longest = max(form.width, form.height)
        if longest > self.longest_side:
            return f"a side of {longest} pixels, and {self.name} ends at {self.longest_side}"
        if form.bits not in self.bits:
            return f"{form.bits} bits a channel, and {self.name} holds {self.bits[-1]}"
        if form.channels not in self.channels:
            return f"{CHANNEL_WORDS[form.channels]}, and {self.name} holds {_listed(self.channels)}"
        return None


FORMATS = (
    PictureFormat("PNG", (".png",), "image/png", "png:PngSink", 2**31 - 1, bits=(8, 16)),
    PictureFormat("TIFF", (".tif", ".tiff", ".btf"), "image/tiff", "streamed:open_tiff", 2**31 - 1, bits=(8, 16)),
    PictureFormat("WebP", (".webp",), "image/webp", "streamed:open_webp", 16_383, channels=(3, 4)),
    PictureFormat("JPEG", (".jpg", ".jpeg"), "image/jpeg", "streamed:open_jpeg", 65_535, channels=(1, 3)),
    PictureFormat("deep zoom", (".dzi",), "application/xml", "streamed:open_pyramid", 2**31 - 1),
)


def format_of(path: Path) -> PictureFormat:
    """The format a file name asks for by its ending; raises `UnknownName`."""
    for one in FORMATS:
        if path.suffix.lower() in one.endings:
            return one
    known = ", ".join(ending for one in FORMATS for ending in one.endings)
    raise UnknownName(kind="picture format", name=path.suffix or path.name, known=known)


def refuse_too_narrow(path: Path, form: PictureForm) -> PictureFormat:
    """The format of a file name, which can hold a picture of that form; raises `UnknownName`, `FormatTooNarrow`."""
    wanted = format_of(path)
    reason = wanted.refusal(form)
    if reason is not None:
        able = ", ".join(f"{one.name} ({one.endings[0]})" for one in FORMATS if one.refusal(form) is None)
        raise FormatTooNarrow(path=path, reason=reason, able=able)
    return wanted


def open_sink(path: Path, form: PictureForm) -> FileSink:
    """The sink that writes a picture of that form to `path`, in the format of its ending.

    Raises `UnknownName` for an ending that is none, `FormatTooNarrow` where the format cannot hold the picture,
    `FileUnwritable` where the folder cannot be written; all before anything is written.
    """
    wanted = refuse_too_narrow(path, form)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnwritable(path=path.parent, reason=error.strerror) from error
    module, name = wanted.opener.split(":")
    # Looked up by name: libvips is loaded for its own formats only.
    sink: FileSink = getattr(import_module(f"renderlock.imaging.sinks.{module}"), name)(path, form)
    return sink


def _listed(channels: tuple[int, ...]) -> str:
    return " or ".join(CHANNEL_WORDS[count] for count in channels)
