from __future__ import annotations

from pathlib import Path

import pytest
from tests.store.samples import sample_render

from renderlock.errors import StoreUnusable
from renderlock.store import Store


def test_a_store_is_made_in_a_new_and_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    for root in (tmp_path / "deep" / "new", tmp_path / "empty"):
        Store.create(root).close()
        assert (root / "format").read_text() == "renderlock store 1\n"


def test_making_a_store_again_opens_it(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        record = store.put(sample_render(1))

    with Store.create(tmp_path / "store") as again:
        assert again.get(record.address) == record


def test_a_store_is_made_where_a_killed_process_had_only_begun(tmp_path: Path) -> None:
    (tmp_path / "store" / "tmp").mkdir(parents=True)
    (tmp_path / "store" / "tmp" / "format.1.0123456789abcdef").write_text("render")

    with Store.create(tmp_path / "store") as store:
        assert list(store.records()) == []


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()

    with pytest.raises(StoreUnusable, match=r"holiday\.jpg"):
        Store.create(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_folder_without_a_store_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="no store"):
        Store.open(tmp_path)


def test_a_file_cannot_be_a_store(tmp_path: Path) -> None:
    (tmp_path / "store").touch()

    with pytest.raises(StoreUnusable):
        Store.create(tmp_path / "store")


@pytest.mark.parametrize(
    ("content", "reason"), [("renderlock store 2\n", "has format 2"), ("something else\n", "not that of a store")]
)
def test_a_store_of_another_format_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "format").write_text(content)

    with pytest.raises(StoreUnusable, match=reason):
        Store.create(tmp_path)
