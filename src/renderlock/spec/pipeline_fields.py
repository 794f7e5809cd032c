"""The values pipeline.yml's keys may hold: each is one parser and the sentence that says what is allowed.

A parser takes what YAML gave and returns the value proper; what it refuses is told in the words of the
sentence, which the JSON Schema carries as the key's description too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import PurePath
from typing import TypeGuard

from pydantic_core import PydanticCustomError

from renderlock.spec.pipeline import Budget
from renderlock.spec.recipe import LARGEST_SEED, LARGEST_SIDE_PX, LONGEST_PROMPT, Size

MOST_SEEDS = 10_000
MOST_STEPS = 1_000
MOST_IN_A_LIST = 1_000
MOST_GATES = 100
DEVICE_NAMES = ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)))
"""What no file on Windows may be called, with any ending (Microsoft, "Naming Files, Paths, and Namespaces")."""

_DEVICES = "[Cc][Oo][Nn]|[Pp][Rr][Nn]|[Aa][Uu][Xx]|[Nn][Uu][Ll]|(?:[Cc][Oo][Mm]|[Ll][Pp][Tt])[0-9]"
NAME_PATTERN = rf"^(?!(?:{_DEVICES})(?:\.|$))[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,62}}[A-Za-z0-9_-])?$"

NAME_ALLOWED = "1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or digit (it becomes a file name)"
WINDOWS_ALLOWED = "a name that a file may have on Windows too: no device (CON, NUL, COM1 …), no dot at the end"
STEPS_ALLOWED = f"a list of 1 to {MOST_STEPS} steps"
ASSETS_ALLOWED = "a list of assets, or a map of them by name"
TEXT_ALLOWED = "text that is not empty"
PROMPT_ALLOWED = f"text that is not empty, of at most {LONGEST_PROMPT} characters, none a control character"
SIZE_ALLOWED = f'one side of a square, or "WIDTHxHEIGHT", each 1 to {LARGEST_SIDE_PX} pixels'
SEEDS_ALLOWED = (
    f"one seed, a list of different seeds, or {{start: 0, count: 10}}; a seed is 0 to {LARGEST_SEED}, "
    f"at most {MOST_SEEDS} of them"
)
NAMES_ALLOWED = "one name, or a list of different names"
WANTED_TEXTS_ALLOWED = "a list of texts, or a map with a list for each of `locales`, as {en: [Sale], de: [Rabatt]}"
TEXTS_ALLOWED = f"a list of at most {MOST_IN_A_LIST} texts that are not empty"
GUIDANCE_ALLOWED = "a number from 0 to 100"
STRENGTH_ALLOWED = "a number above 0 and at most 1"
GATES_ALLOWED = f"a map of at most {MOST_GATES} gate names, each with a map of limits"
TILES_ALLOWED = '"auto", a number of tiles from 1 to 4096, or "COLUMNSxROWS"'
MEMORY_ALLOWED = 'an amount with its unit, as "10GiB" or "512MiB"'
UPSCALE_ALLOWED = 'a factor above 1 and at most 16, or the size to reach as "WIDTHxHEIGHT"'
BUDGET_ALLOWED = 'an amount above 0 and a currency, as "20 USD" or {amount: 20, currency: USD}'
NIGHTLY_ALLOWED = 'a map with a time of day, as {at: "02:00"}'
TIME_ALLOWED = 'a time of day in quotes, as "02:00"'
DEVIATIONS_ALLOWED = "`refuse` what a model cannot do as asked, or `allow` it: done nearest and recorded (or `record`)"
PATH_ALLOWED = "a path, relative to this file"

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NAME = re.compile(NAME_PATTERN[:-1] + r"\Z")
_SIZE = re.compile(r"([0-9]{1,6}) ?[xX×] ?([0-9]{1,6})\Z")
_MEMORY = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?) ?([KMGT]i?B)\Z")
_BUDGET = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Z]{3})\Z")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")
_UNITS = {
    f"{prefix}{unit}": base**power
    for unit, base in (("B", 1000), ("iB", 1024))
    for power, prefix in enumerate("KMGT", start=1)
}


def refusal(allowed: str, at: tuple[str | int, ...] = (), *, instead: str = "") -> PydanticCustomError:
    """The error of a value that is not what is allowed; `at` leads to the culprit inside it, `instead` would do."""
    return PydanticCustomError("not_allowed", "{allowed}", {"allowed": allowed, "at": at, "instead": instead})


def unknown_key(key: str, known: tuple[str, ...], at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """The error of a key that a small map within a value does not have; `at` leads to the map."""
    return PydanticCustomError("unknown_key", "unknown key", {"at": (*at, key), "known": known})


def is_name(text: str) -> bool:
    """Whether the text can be the name of an asset or step."""
    return _NAME.match(text) is not None


def parse_name(value: object) -> str:
    """A name that can be a file name."""
    if not isinstance(value, str) or not is_name(value):
        instead = windows_name(value) if isinstance(value, str) else ""
        raise refusal(WINDOWS_ALLOWED if instead else NAME_ALLOWED, instead=instead)
    return value


def windows_name(text: str) -> str:
    """For a name that only Windows refuses one like it that it takes; else ""."""
    stem, dot, rest = text.rstrip(".").partition(".")
    instead = f"{stem}-1{dot}{rest}" if stem.lower() in DEVICE_NAMES else text.rstrip(".")
    return instead if instead != text and is_name(instead) else ""


def is_text(value: object, longest: int = LONGEST_PROMPT) -> TypeGuard[str]:
    """Whether it is text with something in it, nothing of it a control character."""
    return isinstance(value, str) and len(value) <= longest and bool(value.strip()) and not _CONTROL.search(value)


def parse_text(value: object) -> str:
    """Text with something in it."""
    if not is_text(value):
        raise refusal(TEXT_ALLOWED)
    return value


def parse_prompt(value: object) -> str:
    """A prompt as a recipe takes it."""
    if not is_text(value):
        raise refusal(PROMPT_ALLOWED)
    return value


def parse_path(value: object) -> str:
    """A path as text; whether the file exists is seen when it is used."""
    if not is_text(value, 1000) or PurePath(value).name == "":
        raise refusal(PATH_ALLOWED)
    return value


def parse_size(value: object) -> Size:
    """A square side or WIDTHxHEIGHT, in pixels."""
    size = Size(value, value) if _is_whole(value) else _size_of_text(value)  # type: ignore[arg-type]  # proven whole
    if size is None or not (1 <= size.width <= LARGEST_SIDE_PX and 1 <= size.height <= LARGEST_SIDE_PX):
        raise refusal(SIZE_ALLOWED)
    return size


def parse_seeds(value: object) -> tuple[int, ...]:
    """Seeds in order, never none."""
    if isinstance(value, dict):
        return _seed_range(value)
    if not isinstance(value, list):
        return (_seed(value, ()),)
    if not 1 <= len(value) <= MOST_SEEDS:
        raise refusal(SEEDS_ALLOWED)
    seeds: dict[int, None] = {}
    for index, item in enumerate(value):
        seed = _seed(item, (index,))
        if seed in seeds:
            raise refusal("each seed once", (index,))
        seeds[seed] = None
    return tuple(seeds)


def whole_number(lowest: int, highest: int) -> Callable[[object], int]:
    """A parser of whole numbers in a closed range."""

    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise refusal(f"a whole number from {lowest} to {highest}")
        return value

    return parse


def parse_guidance_scale(value: object) -> float:
    """A guidance scale, as a recipe takes it."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 100:
        raise refusal(GUIDANCE_ALLOWED)
    return float(value)


def parse_strength(value: object) -> float:
    """A denoising strength, as a recipe takes it."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise refusal(STRENGTH_ALLOWED)
    return float(value)


def parse_gates(value: object) -> dict[str, dict[str, str | int | float | bool]]:
    """Limits by gate name."""
    if not isinstance(value, dict) or len(value) > MOST_GATES:
        raise refusal(GATES_ALLOWED)
    for gate, limits in value.items():
        if not _NAME.match(gate) or not isinstance(limits, dict):
            raise refusal(GATES_ALLOWED, (gate,))
        for limit, number in limits.items():
            if not isinstance(number, str | int | float) or (isinstance(number, float) and math.isnan(number)):
                raise refusal("a number, text or true/false", (gate, limit))
    return value


def parse_names(value: object) -> tuple[str, ...]:
    """One name or several different ones."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or len(names) > MOST_STEPS:
        raise refusal(NAMES_ALLOWED)
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name or name in names[:index]:
            raise refusal(NAMES_ALLOWED, (index,))
    return tuple(names)


def parse_texts(value: object) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list) or len(value) > MOST_IN_A_LIST:
        raise refusal(TEXTS_ALLOWED)
    for index, text in enumerate(value):
        if not is_text(text):
            raise refusal(TEXTS_ALLOWED, (index,))
    return tuple(value)


def parse_wanted_texts(value: object) -> tuple[str, ...] | dict[str, tuple[str, ...]]:
    """A list of texts, or one for each locale."""
    if not isinstance(value, dict):
        return parse_texts(value)
    found = {}
    for locale, texts in value.items():
        if not isinstance(texts, list) or not texts or len(texts) > MOST_IN_A_LIST:
            raise refusal(WANTED_TEXTS_ALLOWED, (locale,))
        for index, text in enumerate(texts):
            if not is_text(text):
                raise refusal(TEXTS_ALLOWED, (locale, index))
        found[str(locale)] = tuple(texts)
    return found


def parse_tiles(value: object) -> str:
    """The tiling as text: auto, a number, or COLUMNSxROWS."""
    if value == "auto" or (_is_whole(value) and 1 <= value <= 4096):  # type: ignore[operator]  # proven whole
        return str(value)
    grid = _size_of_text(value)
    if grid is None or not (1 <= grid.width <= 64 and 1 <= grid.height <= 64):
        raise refusal(TILES_ALLOWED)
    return str(grid)


def parse_memory(value: object) -> int:
    """An amount of memory in bytes."""
    match = _MEMORY.match(value) if isinstance(value, str) else None
    budget_bytes = int(Decimal(match.group(1)) * _UNITS[match.group(2)]) if match else 0
    if budget_bytes < 1:
        raise refusal(MEMORY_ALLOWED)
    return budget_bytes


def parse_upscale(value: object) -> float | Size:
    """The factor, or the size to reach."""
    if isinstance(value, str):
        return _upscale_size(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 1 < value <= 16:
        raise refusal(UPSCALE_ALLOWED)
    return float(value)


def parse_budget(value: object) -> Budget:
    """An amount and its currency."""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        value = f"{value['amount']} {value['currency']}"
    match = _BUDGET.match(value) if isinstance(value, str) else None
    if match is None or not Decimal(match.group(1)):
        raise refusal(BUDGET_ALLOWED)
    return Budget(Decimal(match.group(1)), match.group(2))


def parse_nightly(value: object) -> str:
    """When the nightly run starts, HH:MM."""
    if not isinstance(value, dict):
        raise refusal(NIGHTLY_ALLOWED)
    unknown = _first_outside(value, ("at",))
    if unknown is not None:
        raise unknown_key(unknown, ("at",))
    at = value.get("at")
    if not isinstance(at, str) or not _TIME.match(at):
        raise refusal(TIME_ALLOWED, ("at",))
    return at


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _size_of_text(value: object) -> Size | None:
    match = _SIZE.match(value) if isinstance(value, str) else None
    return Size(int(match.group(1)), int(match.group(2))) if match else None


def _upscale_size(text: str) -> Size:
    size = _size_of_text(text)
    if size is None or not (1 <= size.width <= LARGEST_SIDE_PX and 1 <= size.height <= LARGEST_SIDE_PX):
        raise refusal(UPSCALE_ALLOWED)
    return size


def _seed(value: object, at: tuple[str | int, ...]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED:
        return value
    raise refusal(SEEDS_ALLOWED, at)


def _seed_range(fields: dict[str, object]) -> tuple[int, ...]:
    unknown = _first_outside(fields, ("start", "count"))
    if unknown is not None:
        raise unknown_key(unknown, ("start", "count"))
    start, count = fields.get("start", 0), fields.get("count")
    first = _seed(start, ("start",) if "start" in fields else ())
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_SEEDS:
        raise refusal(f"a number of seeds from 1 to {MOST_SEEDS}", ("count",))
    if first + count - 1 > LARGEST_SEED:
        raise refusal(f"seeds up to {LARGEST_SEED}", ("count",))
    return tuple(range(first, first + count))


def _first_outside(fields: Iterable[str], known: tuple[str, ...]) -> str | None:
    return next((key for key in fields if key not in known), None)
