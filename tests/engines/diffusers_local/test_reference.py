"""What may stand after `diffusers:`."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.engines.diffusers_local.reference import FolderModel, HubModel, parse_reference
from renderlock.errors import UnknownName, UnpinnedModel

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_repository_at_a_full_commit_is_a_hub_model() -> None:
    assert parse_reference(f"org/repo@{COMMIT}") == HubModel("org/repo", COMMIT)


@pytest.mark.parametrize("path", ["/models/mine", "./mine", "../mine", "~/mine", "/models/mine/"])
def test_a_text_that_looks_like_a_path_is_a_folder(path: str) -> None:
    assert parse_reference(path) == FolderModel(path.rstrip("/"))


def test_an_existing_folder_is_a_folder_even_if_it_looks_like_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "org" / "repo").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    assert parse_reference("org/repo") == FolderModel("org/repo")


@pytest.mark.parametrize("revision", ["", "@main", "@latest", "@v1.0", f"@{COMMIT[:12]}", f"@{COMMIT.upper()}", "@"])
def test_a_repository_without_a_full_commit_is_refused_with_the_way_to_find_it(revision: str) -> None:
    with pytest.raises(UnpinnedModel) as caught:
        parse_reference(f"org/repo{revision}")

    assert revision.removeprefix("@") in str(caught.value)
    assert "git ls-remote https://huggingface.co/org/repo" in caught.value.advice


@pytest.mark.parametrize("model", ["", "repo", "a/b/c", "org/repo name", f"@{COMMIT}", "org/../x"])
def test_a_text_that_is_neither_is_refused_with_both_forms(model: str) -> None:
    with pytest.raises(UnknownName, match="diffusers model") as caught:
        parse_reference(model)

    assert "org/repo@" in caught.value.advice
