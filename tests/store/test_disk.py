from __future__ import annotations

import errno
from pathlib import Path

import pytest

from renderlock.errors import StoreFull, StoreUnusable
from renderlock.files import write_durably
from renderlock.store.disk import has_length, os_errors_as_store_errors, publish, replace


def test_a_name_that_is_taken_is_never_written_over(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "kept"
    (tmp_path / "first").write_text("first")
    (tmp_path / "second").write_text("second")

    assert publish(tmp_path / "first", target)
    assert not publish(tmp_path / "second", target)
    assert target.read_text() == "first"


def test_what_cannot_have_a_second_name_is_renamed_and_still_replaces_nothing(tmp_path: Path) -> None:
    # A folder is what every system refuses a hard link, as some file systems refuse it for all files.
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()

    assert publish(tmp_path / "first", tmp_path / "kept")
    assert not publish(tmp_path / "second", tmp_path / "kept")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["first"]


def test_a_file_in_the_way_of_a_new_one_is_kept(tmp_path: Path) -> None:
    (tmp_path / "temp").write_text("of another")

    with pytest.raises(FileExistsError):
        write_durably(tmp_path / "temp", b"ours")

    assert (tmp_path / "temp").read_text() == "of another"


def test_a_replaced_file_has_the_new_bytes_and_no_second_name(tmp_path: Path) -> None:
    write_durably(tmp_path / "temp", b"new")
    write_durably(tmp_path / "kept", b"old")

    replace(tmp_path / "temp", tmp_path / "kept")

    assert (tmp_path / "kept").read_bytes() == b"new"
    assert not (tmp_path / "temp").exists()


def test_a_length_is_known_of_files_that_are_there(tmp_path: Path) -> None:
    write_durably(tmp_path / "kept", b"four")

    assert has_length(tmp_path / "kept", 4)
    assert not has_length(tmp_path / "kept", 3)
    assert not has_length(tmp_path / "gone", 0)


@pytest.mark.parametrize(
    ("code", "expected"), [(errno.ENOSPC, StoreFull), (errno.EDQUOT, StoreFull), (errno.EACCES, StoreUnusable)]
)
def test_what_the_system_says_becomes_a_store_error_that_names_the_store(
    tmp_path: Path, code: int, expected: type[Exception]
) -> None:
    with pytest.raises(expected, match=str(tmp_path)), os_errors_as_store_errors(tmp_path):
        raise OSError(code, "said the system")
