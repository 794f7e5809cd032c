"""The one XMP property that image generators use: `exif:UserComment`, an alternative array of texts.

Found by its tags instead of an XML parser: the text is a stranger's, and entities could make a parser's work endless.
"""

from __future__ import annotations

import html
import re

from renderlock.imaging.foreign_metadata.collected import CollectedTexts

XMP_KEYWORD = "XML:com.adobe.xmp"
_ITEM = re.compile(r"<rdf:li\b[^<>]{0,200}>([^<]*)</rdf:li>")
_CREATOR = re.compile(r"\bxmp:CreatorTool(?:=\"|>)([^<\"]{1,200})")


def read_xmp(text: str, into: CollectedTexts) -> None:
    """Collects `UserComment` and `CreatorTool` of an XMP packet, where EXIF has not given them."""
    creator = _CREATOR.search(text)
    if creator:
        into.add("CreatorTool", html.unescape(creator.group(1)))
    start = text.find("<exif:UserComment")
    end = text.find("</exif:UserComment>", start)
    if start < 0 or end < 0:
        return
    item = _ITEM.search(text, start, end)
    if item:
        into.add("UserComment", html.unescape(item.group(1)))
