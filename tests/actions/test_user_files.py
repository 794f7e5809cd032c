"""Files of a person: never written over unasked, and every refusal of the system has the path."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.actions.user_files import write_new_file, write_user_file
from renderlock.errors import FileUnwritable, WouldOverwrite


def test_a_new_file_makes_its_folders_and_may_be_there_already(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.png"
    write_new_file(path, b"one")
    write_new_file(path, b"one")
    assert path.read_bytes() == b"one"


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_what_is_in_the_way_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "b.png"
    if kind == "file":
        path.write_bytes(b"mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(WouldOverwrite):
        write_new_file(path, b"one")
    assert path.is_symlink() or path.is_dir() or path.read_bytes() == b"mine"


def test_a_file_where_a_folder_is_needed_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(FileUnwritable, match="a cannot be written"):
        write_user_file(tmp_path / "a" / "b.png", b"one")
