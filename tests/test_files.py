"""Whole-file writes: the old file or the new one, never half of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.files import write_file


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.lock"
    write_file(path, b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    (path / "inside").write_text("kept")
    with pytest.raises(OSError, match="taken"):
        write_file(path, b"new")
    assert [found.name for found in tmp_path.rglob("*")] == ["taken", "inside"]


def test_files_get_the_permissions_any_new_file_gets(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_file(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == plain.stat().st_mode
