"""The lock as a value: what it says survives the file, and what was edited by hand is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from renderlock.errors import LockMissing, LockUnreadable
from renderlock.spec.identity import ModelIdentity
from renderlock.spec.lock import Environment, Lock, LockChange, LockedModel, read_lock
from renderlock.spec.roles import Role

PATH = Path("pipeline.lock")
V1 = LockedModel("embedded:v1", ModelIdentity("embedded", "icons", "v1", "embedded/1", (("a.onnx", "11" * 32),)))
V2 = LockedModel("embedded:v2", ModelIdentity("embedded", "icons", "v2", "embedded/1", (("a.onnx", "22" * 32),)))
HERE = Environment((("library.numpy", "2.0"), ("machine.processor", "x")))
CHANGE = LockChange(Role.FINAL, datetime(2026, 11, 22, 12, tzinfo=UTC), "Ada", "sharper edges", V1, V2)
LOCK = Lock({Role.REVIEW: V1, Role.FINAL: V1}, HERE).with_change(CHANGE, HERE)


def test_a_lock_comes_back_from_its_text_unchanged() -> None:
    assert Lock.from_text(LOCK.to_text(), PATH) == LOCK


def test_a_lock_with_upscalers_by_tag_comes_back_and_one_without_has_no_line_more() -> None:
    tagged = replace(CHANGE, role=Role.UPSCALER, tag="photo")
    lock = replace(LOCK, upscalers={"photo": V1, "sprite": V1}).with_change(tagged, HERE)

    assert Lock.from_text(lock.to_text(), PATH) == lock
    assert lock.upscalers == {"photo": V2, "sprite": V1}
    assert "upscalers" not in LOCK.to_text()
    assert '"tag"' not in LOCK.to_text()


def test_an_upscaler_edited_in_behind_the_history_is_noticed() -> None:
    lock = LOCK.with_change(replace(CHANGE, role=Role.UPSCALER, tag="photo"), HERE)
    edited = json.loads(lock.to_text())
    edited["upscalers"]["photo"] = edited["models"]["review"]

    with pytest.raises(LockUnreadable, match="upscaler of photo"):
        Lock.from_text(json.dumps(edited), PATH)


def test_the_text_is_sorted_with_one_fact_a_line() -> None:
    lines = LOCK.to_text().splitlines()
    assert '        "a.onnx": "sha256:' + "22" * 32 + '"' in [line.rstrip(",")[2:] for line in lines]
    assert json.dumps(json.loads(LOCK.to_text()), indent=2, sort_keys=True) == LOCK.to_text().rstrip("\n")


def test_a_change_keeps_who_when_why_and_the_identity_before() -> None:
    (entry,) = Lock.from_text(LOCK.to_text(), PATH).history
    assert (entry.by, entry.reason, entry.before, entry.after) == ("Ada", "sharper edges", V1, V2)
    assert entry.at == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_model_edited_in_behind_the_history_is_noticed() -> None:
    edited = json.loads(LOCK.to_text())
    edited["models"]["final"] = edited["models"]["review"]
    with pytest.raises(LockUnreadable, match="edited"):
        Lock.from_text(json.dumps(edited), PATH)


def test_an_edited_environment_is_noticed() -> None:
    with pytest.raises(LockUnreadable, match="edited"):
        Lock.from_text(LOCK.to_text().replace('"2.0"', '"2.1"'), PATH)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": "renderlock-lock/9"}',
        '{"format": "renderlock-lock/1"}',
        "\0",
        "[1]",
        "[" * 100_000,
        '{"format": 1}',
    ],
)
def test_a_text_that_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(LockUnreadable):
        Lock.from_text(text, PATH)


def test_a_merge_conflict_is_called_by_its_name() -> None:
    with pytest.raises(LockUnreadable, match="merge conflict"):
        Lock.from_text(f"<<<<<<< HEAD\n{LOCK.to_text()}", PATH)


def test_a_key_that_stands_twice_is_named() -> None:
    text = LOCK.to_text().replace('"review": {', '"review": {}, "review": {', 1)
    with pytest.raises(LockUnreadable, match="'review' stands twice"):
        Lock.from_text(text, PATH)


def test_a_folder_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LockUnreadable, match="directory"):
        read_lock(tmp_path)


def test_a_missing_lock_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(LockMissing) as caught:
        read_lock(tmp_path / "pipeline.lock")
    assert "renderlock lock" in caught.value.advice


def test_environments_with_the_same_facts_have_the_same_fingerprint_in_any_order() -> None:
    assert Environment(tuple(reversed(HERE.facts))).fingerprint == HERE.fingerprint
    assert Environment((("library.numpy", "2.1"), HERE.facts[1])).fingerprint != HERE.fingerprint


def test_environment_differences_name_the_fact_and_both_values() -> None:
    there = Environment((("library.numpy", "2.1"), ("library.torch", "2.9")))
    assert HERE.differences(there) == (
        "library.numpy: locked 2.0, found 2.1",
        "library.torch: locked (absent), found 2.9",
        "machine.processor: locked x, found (absent)",
    )


def test_identity_differences_name_fields_and_files() -> None:
    other = ModelIdentity("embedded", "icons", "v1", "embedded/1", (("b.onnx", "33" * 32),))
    assert V1.identity.differences(V1.identity) == ()
    assert V1.identity.differences(other) == (
        "file a.onnx: locked, but missing",
        "file b.onnx: found, but not locked",
    )
    assert any(line.startswith("revision: locked v1, found v2") for line in V1.identity.differences(V2.identity))
    assert any(line.startswith("file a.onnx: locked sha256 1111") for line in V1.identity.differences(V2.identity))


def test_a_key_hides_no_change_of_a_file() -> None:
    assert V1.identity.key.weights != V2.identity.key.weights
    assert ModelIdentity("gemini", "nano", "1", "v1beta").key.weights == ""
