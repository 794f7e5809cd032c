"""Where a command works: the pipeline file, the store it names, and the models, opened together and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from renderlock.actions.calls.at_need import JournalAtNeed
from renderlock.actions.calls.book import Purpose
from renderlock.actions.calls.journal import StoreJournal
from renderlock.actions.models import Models
from renderlock.engines.base import EngineOptions
from renderlock.engines.files import hash_file
from renderlock.errors import InputUnusable
from renderlock.spec.money import Cost
from renderlock.spec.pipeline import Pipeline
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.store.store import FileStamp, Store

PIPELINE_NAME = "pipeline.yml"
STORE_NAME = ".renderlock"


@dataclass(frozen=True)
class Place:
    """The pipeline file and the store a command was told to use; `store` None means what the pipeline says."""

    file: Path = Path(PIPELINE_NAME)
    store: Path | None = None

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.file.parent


@dataclass(frozen=True)
class StoredHashes:
    """Hashes of weight files, remembered in the store while a file's length, time and inode stay the same."""

    store: Store

    def of(self, path: Path) -> str:
        """SHA-256 (hex) of the file."""
        stamp = FileStamp.of(path)
        known = self.store.cached_hash(stamp)
        if known is None:
            known = hash_file(path)
            self.store.remember_hash(stamp, known)
        return known


def read_pipeline(place: Place, prompt: str | None = None) -> Pipeline:
    """The pipeline of a place, with one asset more where a prompt is given.

    Raises `InputUnusable` where there is no file, `ConfigurationError` where it has problems.
    """
    if not place.file.exists():
        action = "Run `renderlock init` to start a project here, or name the file with --file."
        raise InputUnusable(path=place.file, reason="there is no such file", action=action)
    return load_pipeline(place.file, prompt=prompt)


def store_path_of(place: Place) -> Path:
    """Where the store of a place is: as told, as the pipeline says, or beside it under its usual name."""
    if place.store is not None:
        return place.store
    return load_pipeline(place.file).store if place.file.is_file() else place.folder / STORE_NAME


def kept_in(
    store: Store, options: EngineOptions, *, budget: Cost | None = None, purpose: Purpose = "render"
) -> EngineOptions:
    """The options with file hashes remembered and paid calls journalled in a store, within its budget."""
    journal = StoreJournal(store, budget, purpose)
    return replace(options, file_hashes=StoredHashes(store), hosted=replace(options.hosted, journal=journal))


@contextmanager
def open_models(
    store: Store, options: EngineOptions, *, budget: Cost | None = None, purpose: Purpose = "render"
) -> Iterator[Models]:
    """Models that remember file hashes and paid calls in a store, closed at the end."""
    with Models(kept_in(store, options, budget=budget, purpose=purpose)) as models:
        yield models


@contextmanager
def kept_at_need(place: Place, options: EngineOptions) -> Iterator[EngineOptions]:
    """The options with paid calls journalled in the store of a place, which the first of them opens or makes."""
    journal = JournalAtNeed(lambda: Store.create(store_path_of(place)), lambda: budget_of(place))
    try:
        yield replace(options, hosted=replace(options.hosted, journal=journal))
    finally:
        journal.close()


def budget_of(place: Place) -> Cost | None:
    """The budget of a place's pipeline, None where it has none or there is no pipeline."""
    return spending_limit(load_pipeline(place.file)) if place.file.is_file() else None


def spending_limit(pipeline: Pipeline) -> Cost | None:
    """The budget of a pipeline as a cost."""
    return None if pipeline.budget is None else Cost(pipeline.budget.amount, pipeline.budget.currency)
