"""Families by name: the order of members, and how the nearest name is asked for. Loading is tested by each family."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.entries import Entry, list_entries, nearest

OURS = (Entry("mine", "json:dumps", "ours"),)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with three members of a group, of which one has our name."""
    info = tmp_path / "others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
    points = "zebra = json:loads\nmine = json:loads\napple = json:loads\n"
    (info / "entry_points.txt").write_text(f"[renderlock.test]\n{points}")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_ours_come_first_and_keep_their_names() -> None:
    found = list_entries(OURS, "renderlock.test")
    assert [(one.name, one.package) for one in found] == [
        ("mine", "renderlock"),
        ("apple", "others"),
        ("zebra", "others"),
    ]
    assert callable(found[1].load())


def test_the_nearest_name_is_asked_for_and_a_far_one_is_not() -> None:
    assert nearest("mime", ["mine", "other"]) == ". Did you mean mine?"
    assert nearest("xyz", ["mine", "other"]) == ""
