"""The commands of docs/store-format.md do what the page says, in a real store."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.samples import sample_event, sample_recipe, sample_render

from renderlock.spec.standing import Standing
from renderlock.store import RenderRecord, Store
from renderlock.store.layout import EXTENSIONS

PAGE = Path(__file__).parents[2] / "docs" / "store-format.md"
COMMANDS: list[str] = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
CHECKS = [
    command for command in COMMANDS if any(word in command for word in ("--check", "damaged:", "missing:", "not its"))
]
HAS_JQ = shutil.which("jq") is not None
needs_jq = pytest.mark.skipif(not HAS_JQ, reason="jq is not installed")


def runnable(commands: list[str]) -> list[str]:
    return [command for command in commands if HAS_JQ or "jq" not in command]


def run(command: str, store: Store) -> subprocess.CompletedProcess[str]:
    script = f"set -euo pipefail\n{command}"
    return subprocess.run(
        ["bash", "-c", script], cwd=store.layout.root, capture_output=True, text=True, check=False, timeout=300
    )


def command_with(text: str) -> str:
    (command,) = [command for command in COMMANDS if text in command]
    return command


@pytest.fixture
def record(store: Store) -> RenderRecord:
    hosted = replace(sample_recipe(1, prompt="Café „東京“\n\t\\ 🎨"), guidance_scale=None, extras=(("style", 0.25),))
    store.put(replace(sample_render(1), recipe=hosted))
    store.put(replace(sample_render(2, standing=Standing.IMPORTED, asset=""), recipe=None, source=(("file", "a.png"),)))
    last = store.put(sample_render(3))
    store.append(sample_event(1, last.address))
    return last


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == 8
    assert len(CHECKS) == 5


@pytest.mark.parametrize("command", runnable(CHECKS))
def test_the_checks_find_nothing_in_a_sound_store(store: Store, record: RenderRecord, command: str) -> None:
    done = run(command, store)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("command", runnable(COMMANDS))
def test_every_command_runs_in_a_new_store_with_one_render(store: Store, command: str) -> None:
    store.put(sample_render(1))

    assert run(command, store).returncode == 0


def test_a_damaged_blob_is_named(store: Store, record: RenderRecord) -> None:
    store.path_of(record).write_bytes(b"other bytes")

    done = run(command_with("--check"), store)

    assert done.returncode != 0
    assert record.blob in done.stdout


def test_a_damaged_event_is_named(store: Store, record: RenderRecord) -> None:
    path = store.layout.event(store.events()[0].id)
    path.write_text(path.read_text().replace("approve", "reject"))

    assert path.name in run(command_with("damaged:"), store).stdout


@needs_jq
def test_a_missing_blob_is_named(store: Store, record: RenderRecord) -> None:
    store.path_of(record).unlink()

    assert run(command_with("missing:"), store).stdout == f"missing: {record.blob}\n"


@needs_jq
def test_a_changed_recipe_is_named(store: Store, record: RenderRecord) -> None:
    path = store.layout.sidecar(record.address)
    path.write_text(path.read_text().replace('"seed":3', '"seed":4'))

    assert path.name in run(command_with("not its digest"), store).stdout


@needs_jq
def test_a_changed_standing_is_named(store: Store, record: RenderRecord) -> None:
    path = store.layout.sidecar(record.address)
    path.write_text(path.read_text().replace('"production"', '"sandbox"'))

    assert path.name in run(command_with("not its address"), store).stdout


@needs_jq
def test_renders_events_and_the_newest_picture_are_listed(store: Store, record: RenderRecord) -> None:
    renders = run(command_with("@tsv' {} +"), store).stdout.splitlines()
    events = run(command_with(".kind"), store).stdout.splitlines()
    newest = run(command_with('"hero"'), store).stdout.strip()

    assert [line.split("\t")[1] for line in renders] == [found.address for found in reversed(list(store.records()))]
    assert events == [events[0]]
    assert record.address in events[0]
    assert store.layout.root / newest == store.path_of(record)


def test_the_page_names_every_ending_a_blob_may_have() -> None:
    assert all(f"`{ending}`" in PAGE.read_text("utf-8") for ending in EXTENSIONS.values())


def test_the_page_names_every_key_of_a_sidecar(store: Store, record: RenderRecord) -> None:
    keys = set(record.to_json()) | {"original"}

    assert all(f"`{key}`" in PAGE.read_text("utf-8") for key in keys)
