from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.errors import ConfigurationError
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.text_file import TextUnusable, read_text, replace_text
from renderlock.spec.yaml_nodes import LARGEST_TEXT_BYTES


def test_a_byte_order_mark_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfcaf\xc3\xa9\r\n")

    assert read_text(path, 100) == "café\r\n"
    assert read_text(path, 100, keep_mark=True) == "\ufeffcafé\r\n"


@pytest.mark.parametrize(
    ("content", "place", "found"),
    [
        (b"a: b\nc: caf\xe9\n", (2, 7), "0xE9"),
        ("é: \ud800".encode("utf-8", "surrogatepass"), (1, 4), "0xED"),
        ("a: b".encode("utf-16"), (1, 1), "0xFF"),
        (b"x" * 101, (1, 1), "101 bytes"),
    ],
)
def test_unusable_text_is_told_where_it_is_wrong(
    tmp_path: Path, content: bytes, place: tuple[int, int], found: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)

    with pytest.raises(TextUnusable) as caught:
        read_text(path, 100)

    problem = caught.value.problem
    assert (problem.line, problem.column) == place
    assert found in problem.found


def test_a_pipeline_beyond_the_bound_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yml"
    path.write_bytes(b"#" * (LARGEST_TEXT_BYTES + 1))

    with pytest.raises(ConfigurationError, match=f"at most {LARGEST_TEXT_BYTES} bytes"):
        load_pipeline(path)


def test_replacing_leaves_one_file_with_the_new_text_exactly(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    replace_text(path, "néw\r\n")

    assert path.read_bytes() == "néw\r\n".encode()
    assert list(tmp_path.iterdir()) == [path]
