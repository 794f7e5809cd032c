"""What a provider's headers say about the end of a model: `Deprecation`, `Sunset`, `Link` to a successor version.

Deprecation is RFC 9745, Sunset RFC 8594, the link relation `successor-version` RFC 5829.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from renderlock.engines.hosted.wire import Answer, TextPairs
from renderlock.engines.hosted.words import clean

_SUCCESSOR = re.compile(r"<([^>]{1,500})>(?=[^<]*;\s*rel\s*=\s*\"?[^\";,]*successor-version)", re.IGNORECASE)


def sunset_of(answer: Answer) -> TextPairs:
    """What an answer's headers say about the model's end, dates as YYYY-MM-DD; empty where they say nothing."""
    found = {
        "deprecated": _date(answer.headers.get("deprecation", "")),
        "sunset": _date(answer.headers.get("sunset", "")),
        "successor": ", ".join(clean(link) for link in _SUCCESSOR.findall(answer.headers.get("link", ""))),
    }
    return tuple((name, text) for name, text in sorted(found.items()) if text)


def _date(text: str) -> str:
    """A structured date (`@1767225600`), an HTTP date, or the text as it stands (`true` in older drafts)."""
    text = text.strip()
    try:
        if text.startswith("@"):
            return datetime.fromtimestamp(int(text[1:]), UTC).date().isoformat()
        return parsedate_to_datetime(text).date().isoformat() if text else ""
    except (ValueError, OverflowError, OSError):
        return clean(text)
