"""What a page or picture must say in large letters when it shows renders that are no production."""

from __future__ import annotations

from collections.abc import Iterable

from renderlock.spec.standing import Standing

_WORDS = {
    Standing.REHEARSAL: (
        "REHEARSAL",
        "the embedded engine stands in for the real models, nothing here may be delivered",
    ),
    Standing.SANDBOX: ("SANDBOX", "made with an unlocked model, production cannot build on it"),
    Standing.IMPORTED: ("IMPORTED", "made with another tool, so it cannot be rendered again"),
}


def notice_for(standings: Iterable[Standing]) -> str:
    """The notice for pictures of these standings; empty where all are production."""
    found = set(standings)
    return "  ·  ".join(f"{word}: {meaning}" for standing, (word, meaning) in _WORDS.items() if standing in found)


def stamp_for(standing: Standing) -> str:
    """The one word that is stamped on a picture; empty for production."""
    return _WORDS[standing][0] if standing in _WORDS else ""
