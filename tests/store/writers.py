"""What the tests of several processes run in the other ones; started by a fork server, so each starts fast."""

from __future__ import annotations

import itertools
import resource
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from tests.store.samples import sample_event, sample_pixels, sample_render

from renderlock.errors import StoreError
from renderlock.store import Store, collect_garbage


def put_range(root: Path, start: int, stop: int) -> None:
    """Puts renders and an event about each, and ends well."""
    with Store.create(root) as store:
        for number in range(start, stop):
            record = store.put(sample_render(number))
            store.append(sample_event(number, record.address))


def collect_garbage_until_told(root: Path, done: Connection[str, str]) -> None:
    """Removes what nothing refers to, however young, again and again until something is said."""
    with Store.open(root) as store:
        while not done.poll():
            collect_garbage(store, dry_run=False, grace_s=0)


def put_until_killed(root: Path, start: int, told: Connection[str, str]) -> None:
    """Puts renders and events for ever, telling the address of each one that was reported as kept."""
    with Store.create(root) as store:
        for number in itertools.count(start):
            record = store.put(sample_render(number))
            store.append(sample_event(number, record.address))
            told.send(record.address)


def put_where_files_may_have(root: Path, limit_bytes: int, told: Connection[str, str]) -> None:
    """Puts a large picture where the system allows only small files, and tells the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    with Store.open(root) as store:
        try:
            store.put(replace(sample_render(1), picture=sample_pixels(1, width=512, height=512)))
        except StoreError as error:
            told.send(f"{type(error).__name__}: {error}")
