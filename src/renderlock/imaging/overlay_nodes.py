"""An SVG as a bounded tree of its own elements, with the line of each: what is not picture is refused or left out.

The renderer never sees a user's file, only what this tree writes again. Refused are document types and entities,
scripts, foreign objects, event handlers, animation, and every reference that leaves the file. Editor data of other
namespaces is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from renderlock.errors import OverlayRefused

SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_XHTML = "http://www.w3.org/1999/xhtml"

LARGEST_SVG_BYTES = 4 * 2**20
MOST_ELEMENTS = 20_000
DEEPEST = 64
LONGEST_VALUE = 4096
"""Characters of an attribute that is read here; outlines, pictures and tables of numbers may be longer."""

LONGEST_STYLE = 64 * 2**10
"""Characters of all style sheets together."""

_LONG_VALUES = frozenset(
    ("d", "points", "xlink:href", "kernelMatrix", "tableValues", "values", "x", "y", "dx", "dy", "rotate")
)

_EFFECTS = (
    "Blend", "ColorMatrix", "ComponentTransfer", "Composite", "ConvolveMatrix", "DiffuseLighting",
    "DisplacementMap", "DistantLight", "DropShadow", "Flood", "FuncA", "FuncB",
    "FuncG", "FuncR", "GaussianBlur", "Image", "Merge", "MergeNode",
    "Morphology", "Offset", "PointLight", "SpecularLighting", "SpotLight", "Tile",
    "Turbulence",
)  # fmt: skip
_DRAWN = frozenset(
    (
        "svg", "g", "defs", "use", "symbol", "switch", "a", "path", "rect",
        "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "textPath", "image",
        "linearGradient", "radialGradient", "stop", "pattern", "clipPath", "mask", "marker", "filter", "style",
        *(f"fe{effect}" for effect in _EFFECTS),
    )
)  # fmt: skip
_WITHOUT_PICTURE = frozenset(("title", "desc", "metadata"))
_HOLDS_TEXT = frozenset(("text", "tspan", "textPath", "a", "switch", "style"))
_SPACE = re.compile(r"\s+")


@dataclass
class Node:
    """One element of the SVG namespace: its name, its line in the file, its attributes, and what is in it."""

    tag: str
    line: int
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def elements(self) -> Iterator[Node]:
        """The elements directly in this one."""
        return (child for child in self.children if isinstance(child, Node))

    def walk(self) -> Iterator[Node]:
        """This element and all in it, in the order of the file."""
        yield self
        for child in self.elements():
            yield from child.walk()

    @property
    def own_text(self) -> str:
        """The text directly in this element."""
        return "".join(child for child in self.children if isinstance(child, str))


def parse_svg(data: bytes, file: str) -> Node:
    """The tree of an SVG file's bytes; raises `OverlayRefused` with the line where it is refused."""
    if len(data) > LARGEST_SVG_BYTES:
        raise refusal(file, 1, f"it has {len(data)} bytes, more than {LARGEST_SVG_BYTES}", "Make the drawing simpler.")
    if data[:2] == b"\x1f\x8b":
        raise refusal(file, 1, "it is compressed", "Unpack it first: gunzip -c < FILE > FILE.svg")
    return _Reader(file).read(data)


def write_svg(root: Node) -> str:
    """The tree as SVG text, in the SVG namespace and nothing else."""
    parts: list[str] = []
    _write(root, parts, f' xmlns="{SVG}" xmlns:xlink="{_XLINK}"')
    return "".join(parts)


def refusal(file: str, line: int, reason: str, action: str) -> OverlayRefused:
    """The one error of this family."""
    return OverlayRefused(file=file, line=line, reason=reason, action=action)


def _write(node: Node, parts: list[str], namespaces: str = "") -> None:
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in node.attributes.items())
    parts.append(f"<{node.tag}{namespaces}{attributes}>")
    for child in node.children:
        if isinstance(child, Node):
            _write(child, parts)
        else:
            parts.append(escape(child))
    parts.append(f"</{node.tag}>")


class _Reader:
    """One pass of expat over one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self._open: list[Node] = []
        self._left_out = 0
        self._elements = 0
        self._style = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.CharacterDataHandler = self._on_text
        self._parser.StartDoctypeDeclHandler = self._on_doctype
        self._parser.ProcessingInstructionHandler = self._on_instruction

    def read(self, data: bytes) -> Node:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise refusal(self.file, error.lineno, f"it is no XML: {expat.ErrorString(error.code)}", _EXPORT) from error
        except (ValueError, LookupError) as error:
            raise refusal(self.file, 1, f"it is no XML: {error}", _EXPORT) from error
        assert self.root is not None
        return self.root

    def _refuse(self, reason: str, action: str = "Remove it, and export the drawing again.") -> OverlayRefused:
        return refusal(self.file, self._parser.CurrentLineNumber, reason, action)

    def _on_doctype(self, name: str, *_: object) -> None:
        raise self._refuse("it has a document type, which may define entities", "Remove the <!DOCTYPE …> line.")

    def _on_instruction(self, target: str, _: str) -> None:
        if target.lower() == "xml-stylesheet":
            raise self._refuse("it loads a style sheet from another file")

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise self._refuse(f"it has more than {MOST_ELEMENTS} elements", "Make the drawing simpler.")
        if len(self._open) + self._left_out >= DEEPEST:
            raise self._refuse(f"elements are nested deeper than {DEEPEST}", "Make the drawing flatter.")
        namespace, _, tag = name.rpartition(" ")
        if self.root is None and (namespace, tag) != (SVG, "svg"):
            raise self._refuse(f'its first element is not <svg xmlns="{SVG}">', _EXPORT)
        if self._left_out or self._is_left_out(namespace, tag):
            self._left_out += 1
            return
        node = Node(tag, self._parser.CurrentLineNumber, self._kept(attributes))
        if self.root is None:
            self.root = node
        else:
            self._open[-1].children.append(node)
        self._open.append(node)

    def _is_left_out(self, namespace: str, tag: str) -> bool:
        """Whether an element is data of an editor; raises for one that would act or load."""
        if namespace == _XHTML:
            raise self._refuse(f"it holds the HTML element <{tag}>")
        if namespace != SVG:
            return True
        if tag in _WITHOUT_PICTURE:
            return True
        if tag not in _DRAWN:
            raise self._refuse(f"the element <{tag}> is not part of a still picture")
        return False

    def _kept(self, attributes: dict[str, str]) -> dict[str, str]:
        kept = {}
        for name, value in attributes.items():
            namespace, _, local = name.rpartition(" ")
            if namespace == _XML and local == "base":
                raise self._refuse("xml:base would move its references")
            if not namespace and local.lower().startswith("on"):
                raise self._refuse(f"the attribute {local} is an event handler")
            if namespace == _XML and local == "space":
                kept["xml:space"] = value
            elif local == "href" and namespace in ("", _XLINK):
                kept["xlink:href"] = _SPACE.sub("", value)
            elif not namespace:
                kept[local] = value
        for name, value in kept.items():
            if len(value) > LONGEST_VALUE and name not in _LONG_VALUES:
                reason = f"its attribute {name} has {len(value)} characters, more than {LONGEST_VALUE}"
                raise self._refuse(reason, "Make the drawing simpler.")
        return kept

    def _on_end(self, _: str) -> None:
        if self._left_out:
            self._left_out -= 1
        else:
            self._open.pop()

    def _on_text(self, text: str) -> None:
        if not self._left_out and self._open and self._open[-1].tag in _HOLDS_TEXT:
            self._open[-1].children.append(text)
            if self._open[-1].tag == "style":
                self._style += len(text)
                if self._style > LONGEST_STYLE:
                    raise self._refuse(f"its style sheets have more than {LONGEST_STYLE} characters", _FEWER_RULES)


_FEWER_RULES = "Export the drawing with presentation attributes in place of a style sheet."
_EXPORT = "Export the drawing as plain SVG in UTF-8."
