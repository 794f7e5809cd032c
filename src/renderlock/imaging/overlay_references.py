"""What an SVG refers to: only its own elements and small embedded pictures, and not more than can be drawn.

A few lines of nested `use` can stand for billions of elements. So every element is counted as often as it is
referred to, and loops are refused, before the renderer expands anything.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import warnings
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from renderlock.imaging.overlay_css import Sheet
from renderlock.imaging.overlay_nodes import Node, refusal

MOST_DRAWN = 200_000
LARGEST_EMBEDDED_BYTES = 2 * 2**20
LARGEST_EMBEDDED_PX = 4096 * 4096

_URL_OPENED = re.compile(r"url\(", re.IGNORECASE)
_OPENED_URL = re.compile(r"(?:url|image|image-set|src|element)\(", re.IGNORECASE)
_DATA = re.compile(r"data:image/(png|jpe?g);base64,([A-Za-z0-9+/=]*)", re.IGNORECASE)
_INSIDE = "Refer to elements of the same file only (#id), and embed pictures as PNG or JPEG data."
_SMALLER = "Make the drawing simpler: fewer copies of copies."


def check_references(root: Node, sheet: Sheet, file: str) -> None:
    """Raises `OverlayRefused` for a reference that leaves the file, a loop, or more than can be drawn."""
    owners = {node.attributes["id"]: node for node in reversed(list(root.walk())) if node.attributes.get("id")}
    counter = _Counter(owners, sheet, file)
    total = counter.drawn(root)
    if total > MOST_DRAWN:
        raise refusal(file, root.line, f"it draws {total:.3g} elements by copies, more than {MOST_DRAWN}", _SMALLER)


class _Counter:
    """Counts what each element draws, with all that it refers to."""

    def __init__(self, owners: dict[str, Node], sheet: Sheet, file: str) -> None:
        self.owners = owners
        self.sheet = sheet
        self.file = file
        self._known: dict[int, int] = {}
        self._under_way: set[int] = set()
        self._depth = 0

    def drawn(self, node: Node) -> int:
        key = id(node)
        if key in self._known:
            return self._known[key]
        if key in self._under_way:
            raise refusal(self.file, node.line, f"<{node.tag}> refers to itself", "Remove the loop of references.")
        self._under_way.add(key)
        self._depth += 1
        if self._depth > 200:
            raise refusal(self.file, node.line, "references are nested deeper than 200", _SMALLER)
        total = 1 + sum(self.drawn(child) for child in node.elements())
        total += sum(self.drawn(self.owners[name]) for name in self._names(node) if name in self.owners)
        self._depth -= 1
        self._under_way.discard(key)
        self._known[key] = total
        return total

    def _names(self, node: Node) -> Iterator[str]:
        """The ids that an element refers to; raises for every other reference."""
        link = node.attributes.get("xlink:href", "")
        if link.startswith("#"):
            yield link[1:]
        elif link and node.tag in ("image", "feImage"):
            _check_embedded(link, node, self.file)
        elif link:
            raise refusal(self.file, node.line, f"it refers to {_short(link)}, outside this file", _INSIDE)
        for name, value in self.sheet.declarations(node):
            if name not in ("xlink:href", "style"):
                yield from _urls(value, node, self.file)


def _urls(value: str, node: Node, file: str) -> Iterator[str]:
    """The ids in each `url(#id)` of a value, read in one pass; raises for anything else that would be loaded."""
    parts = _URL_OPENED.split(value)[1:]
    if len(_OPENED_URL.findall(value)) > len(parts):
        raise refusal(file, node.line, f"it refers to something by {_short(value)}", _INSIDE)
    for part in parts:
        target, closed, _ = part.partition(")")
        if not closed:
            raise refusal(file, node.line, f"it refers to something by {_short(value)}", _INSIDE)
        target = target.strip().strip("\"'").strip()
        if not target.startswith("#"):
            raise refusal(file, node.line, f"it refers to {_short(target)}, outside this file", _INSIDE)
        yield target[1:]


def _check_embedded(link: str, node: Node, file: str) -> None:
    """A picture inside the file must be a PNG or JPEG of bounded size, by its own bytes."""
    match = _DATA.fullmatch(link)
    if match is None:
        raise refusal(file, node.line, f"its picture is {_short(link)}, not PNG or JPEG data inside the file", _INSIDE)
    kind = "PNG" if match[1].lower() == "png" else "JPEG"
    try:
        data = base64.b64decode(match[2], validate=True)
        if len(data) > LARGEST_EMBEDDED_BYTES:
            reason = f"an embedded picture has {len(data)} bytes, more than {LARGEST_EMBEDDED_BYTES}"
            raise refusal(file, node.line, reason, "Embed a smaller picture.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[kind]) as picture:
                width, height = picture.size
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        reason = f"an embedded picture is not the {kind} it claims to be"
        raise refusal(file, node.line, reason, "Embed it again as PNG or JPEG.") from error
    if width * height > LARGEST_EMBEDDED_PX:
        reason = f"an embedded picture has {width}x{height} pixels"
        raise refusal(file, node.line, reason, "Embed one of at most 4096x4096 pixels.")


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return repr(plain if len(plain) <= 60 else plain[:57] + "…")
