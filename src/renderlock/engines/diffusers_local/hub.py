"""A hub model at one commit as a folder on this machine: from the hub's own cache, or downloaded into it.

Only what a pipeline loads is downloaded: model_index.json and, of the parts that it names, configs, vocabularies
and safetensors weights. A commit never changes, so what is in the cache is never asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from huggingface_hub import constants, hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError

from renderlock.engines.diffusers_local.folder import INDEX, UNLOADED_SUFFIXES
from renderlock.engines.diffusers_local.reference import HubModel
from renderlock.errors import ModelUnavailable

Found = TypeVar("Found")

HUB_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    *(base for base in HfHubHTTPError.__bases__ if issubclass(base, Exception)),
)
"""What the hub's client raises: errors of the system, and those of its HTTP library, which one depends on the
client's version and is therefore named by its base only."""


def find_snapshot(model: HubModel, *, offline: bool, cache: Path | None = None) -> Path:
    """The folder with the model's files, `cache` being the hub's own unless another one is given.

    With `offline`, or where HF_HUB_OFFLINE is set, nothing is asked of the network. Raises `ModelUnavailable` with
    the command that fetches the model where it is not in the cache, or with the hub's answer.
    """
    cached_only = offline or constants.HF_HUB_OFFLINE

    def index() -> str:
        return hf_hub_download(
            model.repository, INDEX, revision=model.revision, cache_dir=cache, local_files_only=cached_only
        )

    def snapshot() -> str:
        return snapshot_download(
            model.repository,
            revision=model.revision,
            cache_dir=cache,
            local_files_only=cached_only,
            allow_patterns=[INDEX, *(f"{part}/*" for part in parts)],
            ignore_patterns=[*(f"*{suffix}" for suffix in UNLOADED_SUFFIXES), "*/*.*.safetensors", "*.md"],
        )

    parts = _parts_in(Path(_ask(index, model, cached_only=cached_only)))
    return Path(_ask(snapshot, model, cached_only=cached_only))


def _parts_in(index: Path) -> tuple[str, ...]:
    """The folders that model_index.json names; none where it is not JSON, which reading the folder reports."""
    try:
        entries = json.loads(index.read_text("utf-8"))
    except ValueError:
        return ()
    return tuple(key for key, value in entries.items() if isinstance(value, list) and all(value))


def _ask(question: Callable[[], Found], model: HubModel, *, cached_only: bool) -> Found:
    name = f"diffusers:{model.repository}@{model.revision}"
    fetch = f"hf download {model.repository} --revision {model.revision}"
    try:
        return question()
    except HUB_ERRORS as error:
        if cached_only:
            reason = "it is not in the hub's cache on this machine, and the network is off limits"
            raise ModelUnavailable(model=name, reason=reason, action=f"Fetch it once with `{fetch}`.") from error
        action = f"Check the name and, for a gated model, `hf auth login`; `{fetch}` tries by hand."
        raise ModelUnavailable(model=name, reason=_first_line(error), action=action) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
