"""The shipped weights as files: which versions there are, what each promises, and whether its bytes keep it.

A version is a folder with a `model.json`, which names every file with its SHA-256 and states the facts the
engine needs. Nothing here knows ONNX Runtime, so a model is identified without loading it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from renderlock.engines.files import FileHashes
from renderlock.errors import ModelUnavailable, RecipeError, UnknownName
from renderlock.spec.fields import object_at, optional_number, text_at, whole_at
from renderlock.spec.identity import ModelIdentity

SHIPPED = Path(__file__).parent / "weights"
"""Where the package keeps its versions."""

ENGINE = "embedded"
SURFACE = "embedded/1"
"""The engine's own arithmetic: rises when the same weights would give other pixels."""

ROLES = ("vocabulary", "text", "denoiser", "decoder", "encoder")
"""What every version consists of."""

CAPTION_WORDS = "caption_words"
"""The role a version may have besides: all words its training captions used, gzip, one a line."""

CARD = "model.json"
FORMAT = 1
"""The form of `model.json` and of the networks' inputs that this engine reads."""


@dataclass(frozen=True)
class TokenRules:
    """How a prompt is cut into words: the pattern, words that are dropped, and the most pieces read."""

    pattern: str
    stop_words: frozenset[str]
    most_pieces: int


@dataclass(frozen=True)
class LatentShape:
    """The latent: `channels` numbers a cell, a cell `cell_px` pixels wide, sides multiples of `multiple` cells."""

    channels: int
    cell_px: int
    multiple: int


@dataclass(frozen=True)
class Defaults:
    """What a render uses when nobody says."""

    steps: int
    guidance_scale: float
    sampler: str
    side_px: int


@dataclass(frozen=True)
class Version:
    """One version of the model: its facts from `model.json`, and its files by role, path and SHA-256."""

    model: str
    revision: str
    folder: Path
    files: Mapping[str, tuple[str, str]]
    tokens: TokenRules
    latent: LatentShape
    defaults: Defaults

    @property
    def name(self) -> str:
        """How a person names exactly this version."""
        return f"{self.model}@{self.revision}"

    def identify(self, hashes: FileHashes) -> ModelIdentity:
        """The version by the content of its files, `model.json` among them.

        Raises `ModelUnavailable` naming the file that is missing or not what `model.json` says.
        """
        files = [(self._label(CARD), self._hash(CARD, hashes))]
        for path, digest in self.files.values():
            found = self._hash(path, hashes)
            self._compare(path, found, digest)
            files.append((self._label(path), found))
        return ModelIdentity(ENGINE, self.model, self.revision, SURFACE, tuple(files))

    def read(self, role: str) -> bytes:
        """The bytes of one file, proven to be those that `model.json` names; raises as `identify` does."""
        path, digest = self.files[role]
        data = _read(self.folder / path, self.name)
        self._compare(path, hashlib.sha256(data).hexdigest(), digest)
        return data

    def _hash(self, path: str, hashes: FileHashes) -> str:
        try:
            return hashes.of(self.folder / path)
        except OSError as error:
            raise _unavailable(self.name, f"{self._label(path)} cannot be read: {error.strerror}") from error

    def _compare(self, path: str, found: str, promised: str) -> None:
        if found != promised:
            reason = f"{self._label(path)} is damaged: its SHA-256 is not the one in {self.revision}/{CARD}"
            raise _unavailable(self.name, reason)

    def _label(self, path: str) -> str:
        """The file as seen from the folder of all versions: `v2/denoiser.onnx`, or `text.onnx` for a shared one."""
        return (self.folder / path).resolve().relative_to(self.folder.parent.resolve()).as_posix()


def list_versions(folder: Path) -> tuple[str, ...]:
    """The versions in a folder of weights, oldest first (v2 before v10)."""
    names = [card.parent.name for card in folder.glob(f"*/{CARD}")]
    return tuple(sorted(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)]))


def open_version(reference: str, folder: Path) -> Version:
    """The version behind `v1`, `renderlock-icons@v1`, `renderlock-icons`, or "" for the newest.

    Raises `UnknownName` with the names there are, `ModelUnavailable` where none is installed.
    """
    revisions = list_versions(folder)
    if not revisions:
        raise _unavailable("embedded", f"no version is in {folder}")
    revision = reference.rpartition("@")[2]
    version = _read_version(folder / (revision if revision in revisions else revisions[-1]))
    names = ("", version.model) if version.revision == revisions[-1] else ()
    if reference in (*names, version.revision, version.name):
        return version
    known = ", ".join([*revisions, version.model, *(f"{version.model}@{name}" for name in revisions)])
    raise UnknownName(kind="embedded model", name=reference, known=known)


def _read_version(folder: Path) -> Version:
    try:
        card = json.loads(_read(folder / CARD, folder.name))
        return _version_of(card, folder)
    except (json.JSONDecodeError, UnicodeDecodeError, RecipeError, AttributeError) as error:
        raise _unavailable(folder.name, f"{folder.name}/{CARD} is damaged: {error}") from error


def _version_of(card: Mapping[str, object], folder: Path) -> Version:
    """The facts of a `model.json`; raises `RecipeError` naming the key that is missing or of another type."""
    if card.get("format") != FORMAT:
        raise RecipeError(field="format", found=card.get("format"), allowed=FORMAT)
    files, tokenizer = object_at(card, "files"), object_at(card, "tokenizer")
    latent, defaults = object_at(card, "latent"), object_at(card, "defaults")
    guidance_scale = optional_number(defaults, "guidance_scale")
    if guidance_scale is None:
        raise RecipeError(field="guidance_scale", found="nothing", allowed="a number")
    roles = (*ROLES, CAPTION_WORDS) if CAPTION_WORDS in files else ROLES
    entries = {role: object_at(files, role) for role in roles}
    _refuse_paths_outside(folder, [text_at(entry, "path") for entry in entries.values()])
    return Version(
        model=text_at(card, "model"),
        revision=text_at(card, "revision"),
        folder=folder,
        files={role: (text_at(entry, "path"), text_at(entry, "sha256")) for role, entry in entries.items()},
        tokens=TokenRules(
            pattern=text_at(tokenizer, "pattern"),
            stop_words=frozenset(_texts_at(tokenizer, "stop_words")),
            most_pieces=whole_at(tokenizer, "tokens"),
        ),
        latent=LatentShape(whole_at(latent, "channels"), whole_at(latent, "cell_px"), whole_at(latent, "multiple")),
        defaults=Defaults(
            steps=whole_at(defaults, "steps"),
            guidance_scale=guidance_scale,
            sampler=text_at(defaults, "sampler"),
            side_px=whole_at(defaults, "side_px"),
        ),
    )


def _refuse_paths_outside(folder: Path, paths: list[str]) -> None:
    for path in paths:
        if not (folder / path).resolve().is_relative_to(folder.parent.resolve()):
            raise RecipeError(field="path", found=path, allowed="a file among the weights")


def _texts_at(fields: Mapping[str, object], key: str) -> list[str]:
    value = fields.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RecipeError(field=key, found=type(value).__name__, allowed="a list of texts")
    return value


def _read(path: Path, model: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unavailable(model, f"{path.parent.name}/{path.name} cannot be read: {error.strerror}") from error


def _unavailable(model: str, reason: str) -> ModelUnavailable:
    action = "Install renderlock again: `pip install --force-reinstall renderlock`."
    return ModelUnavailable(model=model, reason=reason, action=action)
