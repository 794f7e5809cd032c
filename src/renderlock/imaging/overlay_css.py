"""The style of an SVG's elements: attributes, style sheets and `style`, as far as references and fonts need it.

Selectors are matched by their last part (`g.title text` as `text`). So a reference or a font may be counted for an
element that it does not reach, never missed for one that it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from renderlock.imaging.overlay_nodes import Node, refusal

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_PART = re.compile(r"[#.]?[A-Za-z_*][\w-]*|\*")
_AT_RULE = re.compile(r"@([\w-]+)")
_CSS_TOKEN = re.compile(r"""[^;"']+|"[^"]*"|'[^']*'|[;"']""")
_LONGEST_SELECTOR = 1000
MOST_MATCHES = 4_000_000
"""Elements times rules: what a sheet is held against."""

Declarations = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rule:
    """One selector with its declarations: the tag, ids and classes of its last part, and how much it weighs."""

    tag: str
    marks: frozenset[str]
    weight: int
    declarations: Declarations

    def fits(self, tag: str, marks: frozenset[str]) -> bool:
        """Whether the selector's last part fits an element of that tag, with its id and classes as selectors."""
        return self.tag in ("*", tag) and self.marks <= marks


@dataclass(frozen=True)
class Sheet:
    """All rules of a document, in the order in which they apply."""

    rules: tuple[Rule, ...] = ()

    def declarations(self, node: Node) -> Iterator[tuple[str, str]]:
        """What is declared for an element, the strongest last: attributes, then rules, then its own style."""
        yield from node.attributes.items()
        classes = node.attributes.get("class", "").split()
        own = frozenset((f"#{node.attributes.get('id', '')}", *(f".{name}" for name in classes)))
        for rule in self.rules:
            if rule.fits(node.tag, own):
                yield from rule.declarations
        yield from parse_declarations(node.attributes.get("style", ""))


def read_sheet(root: Node, file: str) -> Sheet:
    """The rules of all style elements; raises `OverlayRefused` for what would load or hide a reference."""
    rules: list[Rule] = []
    elements = 0
    for node in root.walk():
        elements += 1
        refuse_hidden(node.attributes.get("style", ""), node.line, file)
        if node.tag == "style":
            refuse_hidden(node.own_text, node.line, file)
            rules.extend(_rules(node, file))
    if elements * len(rules) > MOST_MATCHES:
        reason = f"its style has {len(rules)} rules for {elements} elements, more than can be matched"
        raise refusal(file, root.line, reason, "Export the drawing with presentation attributes in place of rules.")
    return Sheet(tuple(sorted(rules, key=lambda rule: rule.weight)))


def refuse_hidden(css: str, line: int, file: str) -> None:
    """Refuses escapes, by which any word can be written so that a reader does not see it."""
    if "\\" in css:
        action = "Write the names of fonts and ids without a backslash."
        raise refusal(file, line, "its style holds an escape (a backslash)", action)


def parse_declarations(css: str) -> Declarations:
    """The properties of a style, in lower case, with their values; `!important` is dropped."""
    found = []
    for declaration in _declarations(_COMMENT.sub("", css)):
        name, colon, value = declaration.partition(":")
        if colon:
            found.append((name.strip().lower(), value.replace("!important", "").strip()))
    return tuple(found)


def _declarations(css: str) -> Iterator[str]:
    """The parts between semicolons that are in no string."""
    part: list[str] = []
    for piece in _CSS_TOKEN.findall(css):
        if piece == ";":
            yield "".join(part)
            part = []
        else:
            part.append(piece)
    yield "".join(part)


def _rules(node: Node, file: str) -> Iterator[Rule]:
    css = _COMMENT.sub(" ", node.own_text)
    for at_rule in _AT_RULE.findall(css):
        reason, action = _AT_REASONS.get(at_rule.lower(), (f"its style has the rule @{at_rule}", _PLAIN))
        raise refusal(file, node.line, reason, action)
    for rule in css.split("}")[:-1]:
        selectors, _, body = rule.rpartition("{")
        declarations = parse_declarations(body)
        for selector in selectors.split(","):
            if len(selector) > _LONGEST_SELECTOR:
                raise refusal(file, node.line, f"a selector has {len(selector)} characters", _PLAIN)
            last = (re.split(r"[\s>+~]+", selector.strip()) or ["*"])[-1]
            parts = _PART.findall(re.sub(r"\[.*?\]|:[\w-]+(\(.*?\))?", "", last)) or ["*"]
            tags = [part for part in parts if part[0] not in "#."]
            marks = frozenset(part for part in parts if part[0] in "#.")
            weight = sum(100 if mark[0] == "#" else 10 for mark in marks) + sum(tag != "*" for tag in tags)
            yield Rule(tags[0] if tags else "*", marks, weight, declarations)


_PLAIN = "Use plain rules: a selector and its declarations."
_AT_REASONS = {
    "import": ("it imports a style sheet from another file", "Put the rules into the file itself."),
    "font-face": (
        "it brings a font of its own (@font-face)",
        "Remove the rule, and put the font's file into the fonts folder.",
    ),
}
