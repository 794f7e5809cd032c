"""What the store keeps: renders and events, as values and as the JSON of their files.

`docs/store-format.md` describes every key. Reading proves each type and raises `RecipeError` with the key;
the store turns that into `StoreDamaged` with the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

from renderlock.errors import RecipeError
from renderlock.imaging.pixels import Pixels
from renderlock.spec.canonical import canonical_json
from renderlock.spec.deviation import Deviation
from renderlock.spec.fields import (
    JsonObject,
    object_at,
    objects_at,
    optional_number,
    optional_object,
    text_at,
    whole_at,
)
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Digest, Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store.address import Address, derive_address

RENDER_FORMAT = "renderlock render 1"
EVENT_FORMAT = "renderlock event 1"

TextPairs = tuple[tuple[str, str], ...]
"""Names with their text, sorted by name, each name once."""


class Encoded(NamedTuple):
    """A picture file's bytes and their media type."""

    data: bytes
    media_type: str


class KeptFile(NamedTuple):
    """A file that a picture was made with: its part in that, its blob, and its media type."""

    name: str
    blob: str
    media_type: str


@dataclass(frozen=True)
class StagedPicture:
    """A finished picture file that the store takes over: too large to be held in memory.

    `path` is moved into the blobs; it may lie in the store's `tmp`. `pixels_digest` is `digest_pixels` of its 8-bit
    RGB or RGBA pixels, taken while they were written (`PixelsDigest`). `small` is the picture made smaller, for its
    thumbnails; without it the file is read again.
    """

    path: Path
    media_type: str
    width: int
    height: int
    pixels_digest: str
    small: Pixels | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Origin:
    """Where in a pipeline a render comes from; "" where that does not apply."""

    project: str = ""
    asset: str = ""
    step: str = ""
    role: str = ""

    def to_json(self) -> JsonObject:
        """The origin as a sidecar holds it."""
        return {"project": self.project, "asset": self.asset, "step": self.step, "role": self.role}

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The origin a sidecar holds."""
        return cls(*(text_at(fields, name) for name in ("project", "asset", "step", "role")))


@dataclass(frozen=True)
class Made:
    """When a render was made, in how many seconds, where, and with how much memory at its peak.

    `environment` is the fingerprint of the libraries and the machine type; `host` the machine's name; `cost` what a
    provider took for it.
    """

    created: datetime
    seconds: float
    environment: str = ""
    host: str = ""
    peak_memory_bytes: int | None = None
    cost: Cost | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "created", _in_utc(self.created))

    def to_json(self) -> JsonObject:
        """The circumstances as a sidecar holds them."""
        fields: JsonObject = {
            "created": write_time(self.created),
            "seconds": self.seconds,
            "environment": self.environment,
            "host": self.host,
        }
        if self.peak_memory_bytes is not None:
            fields["peak_memory_bytes"] = self.peak_memory_bytes
        if self.cost is not None:
            fields["cost"] = self.cost.to_json()
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The circumstances a sidecar holds."""
        seconds = optional_number(fields, "seconds")
        if seconds is None:
            raise RecipeError(field="seconds", found="nothing", allowed="a number")
        memory = None if fields.get("peak_memory_bytes") is None else whole_at(fields, "peak_memory_bytes")
        created = read_time("created", text_at(fields, "created"))
        costs = optional_object(fields, "cost")
        cost = None if costs is None else Cost.from_json(costs)
        return cls(created, seconds, text_at(fields, "environment"), text_at(fields, "host"), memory, cost)


@dataclass(frozen=True)
class NewRender:
    """A render to be kept: its picture, what made it, and where it belongs.

    `picture` is pixels, which the store encodes as PNG with the recipe inside; a picture file, which is kept byte
    for byte (imports); or a staged file, which is moved in. `source` says what the picture was made from or where
    it comes from (`docs/store-format.md`). `original` is the file a provider sent, kept as a blob of its own; `files`
    are the small ones it was made with (overlays, fonts, a palette, a profile), by their part in it, kept likewise.
    """

    picture: Pixels | Encoded | StagedPicture
    recipe: Recipe | None
    standing: Standing
    origin: Origin
    made: Made
    deviations: tuple[Deviation, ...] = ()
    source: TextPairs = ()
    original: Encoded | None = None
    files: tuple[tuple[str, Encoded], ...] = ()


@dataclass(frozen=True)
class RenderRecord:
    """One kept render: its address, its picture's names, and everything known about how it came to be.

    `blob` is the SHA-256 of the picture file, `pixels` that of its decoded pixels (`digest_pixels`);
    `original` is blob and media type of the provider's own file. `source` says, for imports, where the
    picture comes from (tool, file, raw parameters, prompt ...); for a final, its base and its tiles. `files` are the
    blobs of the files it was made with.
    """

    address: Address
    digest: Digest | None
    recipe: Recipe | None
    standing: Standing
    blob: str
    blob_bytes: int
    media_type: str
    size: Size
    pixels: str
    origin: Origin
    made: Made
    deviations: tuple[Deviation, ...] = ()
    source: TextPairs = ()
    original: tuple[str, str] | None = None
    files: tuple[KeptFile, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", tidy_pairs(self.source))
        object.__setattr__(self, "files", tuple(sorted(self.files)))

    @property
    def blobs(self) -> tuple[tuple[str, str], ...]:
        """Blob and media type of everything that this render refers to."""
        own = ((self.blob, self.media_type), *(() if self.original is None else (self.original,)))
        return (*own, *((file.blob, file.media_type) for file in self.files))

    def to_json(self) -> JsonObject:
        """The render as its sidecar holds it; what does not apply is left out."""
        fields: dict[str, object] = {
            "format": RENDER_FORMAT,
            "address": self.address,
            "digest": self.digest,
            "recipe": None if self.recipe is None else self.recipe.to_json(),
            "standing": str(self.standing),
            "blob": self.blob,
            "blob_bytes": self.blob_bytes,
            "media_type": self.media_type,
            "width": self.size.width,
            "height": self.size.height,
            "pixels": self.pixels,
            "origin": self.origin.to_json(),
            "made": self.made.to_json(),
            "deviations": [deviation.to_json() for deviation in self.deviations],
            "source": dict(self.source),
            "original": None if self.original is None else dict(zip(_ORIGINAL, self.original, strict=True)),
            "files": {file.name: dict(zip(_ORIGINAL, file[1:], strict=True)) for file in self.files} or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def to_bytes(self) -> bytes:
        """The sidecar file: canonical JSON on one line."""
        return canonical_json(self.to_json()) + b"\n"

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The render a sidecar holds.

        Raises `RecipeError` where a field is missing, of another type, or where digest or address are not
        those of the content.
        """
        record = cls.from_checked_json(fields)
        _check_names(record)
        return record

    @classmethod
    def from_checked_json(cls, fields: Mapping[str, object]) -> Self:
        """The render of a sidecar whose digest and address were checked before, as in the index; much faster."""
        _check_format(fields, RENDER_FORMAT)
        recipe_fields = optional_object(fields, "recipe")
        recipe = None if recipe_fields is None else Recipe.from_json(recipe_fields)
        original = optional_object(fields, "original")
        return cls(
            address=Address(text_at(fields, "address")),
            digest=None if recipe is None else Digest(text_at(fields, "digest")),
            recipe=recipe,
            standing=_standing(text_at(fields, "standing")),
            blob=text_at(fields, "blob"),
            blob_bytes=whole_at(fields, "blob_bytes"),
            media_type=text_at(fields, "media_type"),
            size=Size(whole_at(fields, "width"), whole_at(fields, "height")),
            pixels=text_at(fields, "pixels"),
            origin=Origin.from_json(object_at(fields, "origin")),
            made=Made.from_json(object_at(fields, "made")),
            deviations=tuple(Deviation.from_json(item) for item in objects_at(fields, "deviations")),
            source=_pairs(object_at(fields, "source")),
            original=None if original is None else (text_at(original, "blob"), text_at(original, "media_type")),
            files=_files(optional_object(fields, "files") or {}),
        )


@dataclass(frozen=True)
class NewEvent:
    """Something that was decided or happened: of what kind, about which address, by whom, when."""

    kind: str
    subject: str
    by: str
    at: datetime
    fields: TextPairs = ()


@dataclass(frozen=True)
class Event:
    """An event as the store keeps it; `id` is its file's name: the time and the hash of the file."""

    id: str
    kind: str
    subject: str
    by: str
    at: datetime
    fields: TextPairs

    @classmethod
    def of(cls, new: NewEvent) -> Self:
        """The event that keeping `new` makes."""
        event = cls("", _valid(new.kind), _valid(new.subject), _valid(new.by), _in_utc(new.at), tidy_pairs(new.fields))
        stamp = write_time(event.at).translate({ord(mark): None for mark in "-:."})
        digest = hashlib.sha256(event.to_bytes()).hexdigest()
        return cls(f"{stamp}-{digest[:16]}", event.kind, event.subject, event.by, event.at, event.fields)

    def to_bytes(self) -> bytes:
        """The event's file: canonical JSON on one line, without the id, which is computed from it."""
        fields: JsonObject = {
            "format": EVENT_FORMAT,
            "kind": self.kind,
            "subject": self.subject,
            "by": self.by,
            "at": write_time(self.at),
            "fields": dict(self.fields),
        }
        return canonical_json(fields) + b"\n"

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> Self:
        """The event a file holds; raises `RecipeError` where a field is missing or of another type."""
        _check_format(fields, EVENT_FORMAT)
        at = read_time("at", text_at(fields, "at"))
        kind, subject, by = (text_at(fields, name) for name in ("kind", "subject", "by"))
        return cls.of(NewEvent(kind, subject, by, at, _pairs(object_at(fields, "fields"))))


def write_time(moment: datetime) -> str:
    """A moment as `2026-11-22T22:23:42.123456Z`, always of one length, so that text order is time order."""
    return _in_utc(moment).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_time(field: str, text: str) -> datetime:
    """The moment a text of `write_time` names; raises `RecipeError` for any other text."""
    try:
        return _in_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise RecipeError(field=field, found=repr(text), allowed="a time with its offset") from error


def tidy_pairs(pairs: TextPairs) -> TextPairs:
    """The pairs sorted, each name once (the last wins), lone surrogates of foreign files made valid."""
    return tuple(sorted((_valid(name), _valid(text)) for name, text in dict(pairs).items()))


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


_ORIGINAL = ("blob", "media_type")


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without its offset from UTC is not a moment")
    return moment.astimezone(UTC)


def _files(fields: Mapping[str, object]) -> tuple[KeptFile, ...]:
    entries = {name: object_at(fields, name) for name in fields}
    return tuple(
        KeptFile(name, text_at(entry, "blob"), text_at(entry, "media_type")) for name, entry in entries.items()
    )


def _pairs(fields: Mapping[str, object]) -> TextPairs:
    return tuple((name, text_at(fields, name)) for name in fields)


def _standing(text: str) -> Standing:
    try:
        return Standing(text)
    except ValueError as error:
        raise RecipeError(field="standing", found=repr(text), allowed=", ".join(Standing)) from error


def _check_format(fields: Mapping[str, object], expected: str) -> None:
    if fields.get("format") != expected:
        raise RecipeError(field="format", found=repr(fields.get("format")), allowed=repr(expected))


def _check_names(record: RenderRecord) -> None:
    if record.recipe is not None and record.digest != record.recipe.digest:
        raise RecipeError(field="digest", found=record.digest, allowed=f"{record.recipe.digest}, by the recipe")
    address = derive_address(record.digest, record.standing, record.blob)
    if record.address != address:
        raise RecipeError(field="address", found=record.address, allowed=f"{address}, by the content")
