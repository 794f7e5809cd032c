"""Locking a project: pinned once, refreshed never silently, changed on record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.actions.runs import execute

from renderlock.actions.campaign import RunOptions
from renderlock.actions.jobs import Selection
from renderlock.actions.lock import ChangeRequest, change_model, check_lock, lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.errors import ChangeUnneeded, LockMismatch, ModelNotLocked, ReasonMissing, UnknownName
from renderlock.spec.lock import read_lock
from renderlock.spec.roles import Role

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def lock(path: Path) -> str:
    with Models(EngineOptions()) as models:
        return lock_pipeline(read_pipeline(Place(path)), models).outcome


def check(path: Path) -> list[str]:
    with Models(EngineOptions()) as models:
        return [str(difference) for difference in check_lock(read_pipeline(Place(path)), models)]


def change(path: Path, role: Role, to: str, reason: str, *, tag: str = "") -> None:
    with Models(EngineOptions()) as models:
        change_model(read_pipeline(Place(path)), models, ChangeRequest(role, to, "Ada", reason, NOON, tag))


def test_the_lock_pins_review_and_final_by_the_hash_of_every_file(locked: Path) -> None:
    models = json.loads(locked.with_name("pipeline.lock").read_text())["models"]
    assert set(models) == {"review", "final"}
    files = models["final"]["identity"]["files"]
    assert any(name.endswith("denoiser.onnx") for name in files)
    assert all(len(digest) == len("sha256:") + 64 for digest in files.values())


def test_locking_again_changes_nothing(locked: Path) -> None:
    before = locked.with_name("pipeline.lock").read_bytes()
    assert lock(locked) == "unchanged"
    assert locked.with_name("pipeline.lock").read_bytes() == before
    assert check(locked) == []


def test_locking_does_not_take_an_edited_model(locked: Path) -> None:
    locked.write_text(locked.read_text().replace("final_model: embedded", "final_model: embedded:v1"))
    before = locked.with_name("pipeline.lock").read_bytes()
    with pytest.raises(LockMismatch):
        lock(locked)
    assert locked.with_name("pipeline.lock").read_bytes() == before
    assert check(locked)[0] == "final: pipeline.yml names embedded:v1, the lock holds embedded"


def test_the_upscaler_is_locked_and_changed_like_any_production_model(pipeline_path: Path) -> None:
    pipeline_path.write_text(f"upscaler: lanczos\n{pipeline_path.read_text()}")
    lock(pipeline_path)

    change(pipeline_path, Role.UPSCALER, "waifu2x", "sharper edges")

    assert check(pipeline_path) == []
    locked = read_lock(pipeline_path.with_name("pipeline.lock")).models[Role.UPSCALER]
    assert (locked.reference, locked.identity.model) == ("waifu2x", "waifu2x")
    assert locked.identity.files
    pipeline_path.write_text(pipeline_path.read_text().replace("upscaler: waifu2x", "upscaler: lanczos"))
    assert check(pipeline_path)[0].startswith("upscaler: pipeline.yml names lanczos")


TAGGED = "upscaler: lanczos\nupscalers: {photo: lanczos, sprite: waifu2x}  # by the study\n"


def test_the_upscalers_by_tag_are_locked_checked_and_changed_on_record(pipeline_path: Path) -> None:
    pipeline_path.write_text(TAGGED + pipeline_path.read_text())
    lock(pipeline_path)
    assert json.loads(pipeline_path.with_name("pipeline.lock").read_text())["upscalers"].keys() == {"photo", "sprite"}

    change(pipeline_path, Role.UPSCALER, "waifu2x", "sharper", tag="photo")

    assert "upscalers: {photo: waifu2x, sprite: waifu2x}  # by the study\n" in pipeline_path.read_text()
    assert check(pipeline_path) == []
    changed = read_lock(pipeline_path.with_name("pipeline.lock"))
    assert changed.upscalers["photo"].reference == "waifu2x"
    assert (changed.history[0].tag, changed.models[Role.UPSCALER].reference) == ("photo", "lanczos")
    pipeline_path.write_text(pipeline_path.read_text().replace("{photo: waifu2x", "{photo: lanczos"))
    assert check(pipeline_path)[0] == "upscaler of photo: pipeline.yml names lanczos, the lock holds waifu2x"


def test_a_tag_s_upscaler_edited_or_added_since_the_lock_stops_the_finals_that_need_it(pipeline_path: Path) -> None:
    text = TAGGED + pipeline_path.read_text().replace("prompt: a red apple", "prompt: a red apple, tags: [photo]")
    text = text.replace("size: 96", "size: 96, upscale: 2, needs: []")
    pipeline_path.write_text(text)
    lock(pipeline_path)
    apple, star = (RunOptions(Selection(frozenset({"final-render"}), frozenset({name}))) for name in ("apple", "star"))

    pipeline_path.write_text(text.replace("photo: lanczos", "photo: waifu2x"))
    with pytest.raises(LockMismatch, match="upscaler of photo") as mismatch:
        execute(pipeline_path, apple)
    assert "--change upscaler --tag photo --to waifu2x" in mismatch.value.advice
    pipeline_path.write_text(text.replace("photo: lanczos", "photo: lanczos, red: lanczos").replace("[photo]", "[red]"))
    with pytest.raises(ModelNotLocked, match="upscaler of red"):
        execute(pipeline_path, apple)

    execute(pipeline_path, star)


def test_taking_a_role_out_and_back_in_is_no_way_around_a_change(locked: Path) -> None:
    text = locked.read_text()
    steps = [line for line in text.splitlines() if "final" not in line]
    locked.write_text("\n".join(steps))
    lock(locked)
    locked.write_text(text.replace("final_model: embedded", "final_model: embedded:v1"))
    with pytest.raises(LockMismatch):
        lock(locked)


def test_a_change_on_record_updates_pipeline_and_lock_and_lets_runs_go_on(locked: Path) -> None:
    change(locked, Role.REVIEW, "embedded:v1", "v1 is calmer")
    assert "review_model: embedded:v1\n" in locked.read_text()
    (entry,) = read_lock(locked.with_name("pipeline.lock")).history
    assert (entry.role, entry.by, entry.reason, entry.at) == (Role.REVIEW, "Ada", "v1 is calmer", NOON)
    assert entry.before.reference == "embedded"
    assert check(locked) == []
    assert {one.job.recipe.model.revision for one in execute(locked).pictures if one.job.step.name == "quick-pass"} == {
        "v1"
    }


def test_changes_pile_up_in_the_history(locked: Path) -> None:
    change(locked, Role.FINAL, "embedded:v1", "try")
    change(locked, Role.FINAL, "embedded", "back")
    history = read_lock(locked.with_name("pipeline.lock")).history
    assert [entry.reason for entry in history] == ["try", "back"]
    assert history[0].after == history[1].before


@pytest.mark.parametrize(
    ("role", "to", "reason", "error"),
    [
        (Role.FINAL, "embedded:v1", "  ", ReasonMissing),
        (Role.FINAL, "embedded", "because", ChangeUnneeded),
        (Role.SANDBOX, "embedded", "because", UnknownName),
        (Role.FINAL, "embedded:v99", "because", UnknownName),
        (Role.FINAL, "nosuch:model", "because", UnknownName),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_writes_nothing(
    locked: Path, role: Role, to: str, reason: str, error: type[Exception]
) -> None:
    before = [path.read_bytes() for path in (locked, locked.with_name("pipeline.lock"))]
    with pytest.raises(error):
        change(locked, role, to, reason)
    assert [path.read_bytes() for path in (locked, locked.with_name("pipeline.lock"))] == before


def test_a_role_that_is_not_locked_yet_is_refused_with_the_way_to_lock_it(locked: Path) -> None:
    path = locked.with_name("pipeline.lock")
    whole = read_lock(path)
    path.write_text(replace(whole, models={Role.FINAL: whole.models[Role.FINAL]}).to_text())
    with pytest.raises(ModelNotLocked) as caught:
        execute(locked)
    assert "renderlock lock" in caught.value.advice
    assert lock(locked) == "refreshed"
    assert read_lock(path) == whole


def test_a_difference_of_the_environment_is_named(locked: Path) -> None:
    path = locked.with_name("pipeline.lock")
    written = read_lock(path)
    facts = tuple((name, "0.0.1" if name == "library.numpy" else value) for name, value in written.environment.facts)
    other = type(written)(written.models, type(written.environment)(facts), written.history)
    path.write_text(other.to_text())
    (difference,) = check(locked)
    assert difference.startswith("libraries: library.numpy: locked 0.0.1, found ")
