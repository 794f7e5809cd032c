"""The things the model learns to draw: names, caption words, and which are held out.

A concept is one emoji of the Unicode list: flags, clock faces, symbols, skin tones and people
joined from several code points are left out. About one in 28 is held out of training whole, chosen
by a hash of its name, so that the choice never depends on the order or the length of the list.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from training.sources import find_source

GROUPS = {0, 1, 3, 4, 5, 6, 7}
PEOPLE_GROUP = 1
PEOPLE_SUBGROUPS = {16, 17, 18, 19, 20, 21, 22, 23, 25, 26}
FACE_SUBGROUPS = set(range(12))
MAP_SUBGROUP = 49
JOINER = "200D"
HOLD_OUT_ONE_IN = 28
CAPTION_WORD = re.compile(r"[a-z][a-z '\-]{1,24}")
COLOUR_WORDS = frozenset(
    ["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "black", "white", "gray", "golden"]
)


@dataclass(frozen=True)
class Concept:
    """One nameable thing; `weight` is how often it is drawn relative to others."""

    name: str
    code_point: str
    tags: tuple[str, ...]
    weight: float
    held_out: bool

    def to_json(self) -> dict[str, object]:
        """The concept as plain JSON values."""
        return asdict(self)


def load_concepts(work: Path) -> list[Concept]:
    """Every usable concept of the caption packages, in Unicode order."""
    base_folder = find_source("emojibase-data").folder(work)
    library_folder = find_source("emojilib").folder(work)
    entries = json.loads((base_folder / "en/data.json").read_text(encoding="utf-8"))
    keywords = json.loads((library_folder / "dist/emoji-en-US.json").read_text(encoding="utf-8"))
    return [_concept(entry, keywords) for entry in entries if _is_usable(entry)]


def is_held_out(name: str) -> bool:
    """Whether the whole concept stays out of training."""
    return hash_fraction(name) < 1 / HOLD_OUT_ONE_IN


def is_held_out_pair(colour: str, name: str) -> bool:
    """Whether this colour is never given to this concept in training (one pair in ten)."""
    return hash_fraction(f"{colour} {name}") < 0.1


def hash_fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def _is_usable(entry: dict) -> bool:
    group, subgroup, name = entry.get("group"), entry.get("subgroup"), entry["label"].lower()
    if group not in GROUPS or subgroup == MAP_SUBGROUP:
        return False
    if "o\u2019clock" in name or "o'clock" in name or "-thirty" in name:
        return False
    if group == PEOPLE_GROUP:
        return subgroup in PEOPLE_SUBGROUPS and JOINER not in entry["hexcode"]
    return True


def _concept(entry: dict, keywords: dict[str, list[str]]) -> Concept:
    name = plain_name(entry["label"])
    emoji = entry["emoji"]
    words = set(entry.get("tags", []))
    words |= set(keywords.get(emoji, keywords.get(emoji.replace("\ufe0f", ""), [])))
    tags = sorted({word for word in (w.lower().replace("_", " ") for w in words) if _is_tag(word, name)})
    is_face = entry.get("group") == 0 and entry.get("subgroup") in FACE_SUBGROUPS
    is_person = entry.get("group") == PEOPLE_GROUP
    return Concept(
        name=name,
        code_point=entry["hexcode"].lower(),
        tags=tuple(tags),
        weight=0.5 if is_face or is_person else 1.0,
        held_out=is_held_out(name),
    )


def _is_tag(word: str, name: str) -> bool:
    return bool(CAPTION_WORD.fullmatch(word)) and word != name and len(word.split()) <= 3


def plain_name(label: str) -> str:
    """The label in lower case, without the marks a prompt would not hold."""
    return re.sub(r"[^a-z0-9' \-]", "", label.lower().replace("\u2019", "'")).strip()


def name_without_colour(name: str) -> str:
    """The name less its colour words ("red apple" gives "apple"); the name itself if all go."""
    left = " ".join(word for word in name.split() if word not in COLOUR_WORDS)
    return left or name
