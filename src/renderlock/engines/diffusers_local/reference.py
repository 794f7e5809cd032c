"""What follows `diffusers:` in a model reference: a folder, or a hub repository at one exact commit.

A branch, a tag or no revision is refused, since the model behind it can change from one day to the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from renderlock.errors import UnknownName, UnpinnedModel

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class FolderModel:
    """A model in a folder, named by the path as it was written."""

    path: str


@dataclass(frozen=True)
class HubModel:
    """A repository of the hub at one commit (40 hexadecimal digits)."""

    repository: str
    revision: str


def parse_reference(model: str) -> FolderModel | HubModel:
    """The folder or the hub repository that `model` names.

    A text that is an existing folder, or looks like a path, is a folder. Raises `UnpinnedModel` for a repository
    without a full commit, `UnknownName` for a text that is neither.
    """
    if model and (_looks_like_path(model) or Path(model).expanduser().is_dir()):
        return FolderModel(model.rstrip("/") or "/")
    repository, at, revision = model.partition("@")
    if not _REPOSITORY.fullmatch(repository):
        known = "`diffusers:/path/to/folder` and `diffusers:org/repo@<40 hexadecimal digits>`"
        raise UnknownName(kind="diffusers model", name=model, known=known)
    if not _COMMIT.fullmatch(revision):
        found = repr(revision) if at else "a repository without a revision"
        raise UnpinnedModel(model=f"diffusers:{model}", found=found, repo=repository)
    return HubModel(repository, revision)


def _looks_like_path(model: str) -> bool:
    return model.startswith(("/", "./", "../", "~")) or model in {".", ".."} or bool(Path(model).drive)
