"""A bounded collection of the texts in one file, which the container readers fill."""

from __future__ import annotations

from renderlock.imaging.foreign_metadata.base import LARGEST_TEXT_BYTES

MOST_TEXTS = 1_000


class CollectedTexts:
    """Texts by key, the first of each key kept, within the byte budget of one picture."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.notes: list[str] = []
        self.size: tuple[int, int] | None = None
        self._left = LARGEST_TEXT_BYTES

    @property
    def room(self) -> int:
        """Bytes of text that may still come."""
        return self._left

    def add(self, key: str, text: str) -> None:
        """Keeps the text under its key, unless the key is there already or there is no room."""
        text = text.rstrip("\0")
        if not text or key in self.texts:
            return
        if len(text) > self._left or len(self.texts) >= MOST_TEXTS:
            self.leave_out(key)
            return
        self._left -= len(text)
        self.texts[key] = text

    def leave_out(self, key: str) -> None:
        """Notes that the text under `key` is too large."""
        self.note(f"{key[:79]}: more than {LARGEST_TEXT_BYTES // 2**20} MiB of text, not read")

    def note(self, sentence: str) -> None:
        """Keeps one sentence on what could not be read, once."""
        if sentence not in self.notes and len(self.notes) < 20:
            self.notes.append(sentence)
