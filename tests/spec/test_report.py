from __future__ import annotations

import pytest

from renderlock.errors import ConfigurationError
from renderlock.spec.place import Place, dotted
from renderlock.spec.report import MOST_PROBLEMS, Near, Report, describe
from renderlock.spec.yaml_nodes import Node, compose


def root_of(text: str) -> Node:
    root, _ = compose(text, "f.yml")
    assert root is not None
    return root


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("steps", 1, "size"), "steps[1].size"),
        (("assets", "a b", "prompt"), 'assets["a b"].prompt'),
        (("assets", "\x1b[31m"), r'assets["\x1b[31m"]'),
        ((), ""),
    ],
)
def test_a_path_is_shown_as_people_write_it(path: tuple[str | int, ...], shown: str) -> None:
    assert dotted(path) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        (True, "true"),
        (5, "5"),
        ("a\nb\x1b", r'"a\nb\x1b"'),
        ("x" * 100, '"' + "x" * 60 + '…"'),
        ([1, 2], "a list of 2"),
        ({"a": 1}, "a map of 1 key(s)"),
    ],
)
def test_a_value_is_shown_short_and_on_one_line(value: object, shown: str) -> None:
    assert describe(value) == shown


def test_a_value_without_a_place_of_its_own_is_shown_at_the_nearest_above() -> None:
    report = Report("f.yml", root_of("a:\n  b: ${c}\n"))

    assert report.place(("a", "b", 3, "x")) == Place("f.yml", 2, 6)
    assert report.place(("a", "b"), at_key=True) == Place("f.yml", 2, 3)


def test_problems_are_ordered_by_place_with_other_files_last_and_each_once() -> None:
    report = Report("f.yml", root_of("a: 1\nb: 2\n"))
    report.pinned(Place("a.csv", 1, 1)).add((), "x", "y")
    for key in ("b", "a", "b"):
        report.add((key,), "x", "y")

    assert [(problem.file, problem.line) for problem in report.problems] == [("f.yml", 1), ("f.yml", 2), ("a.csv", 1)]


def test_problems_beyond_the_bound_are_counted() -> None:
    report = Report("f.yml", root_of("a: 1\n"))
    for number in range(MOST_PROBLEMS + 7):
        report.add(("a",), str(number), "y")

    with pytest.raises(ConfigurationError) as caught:
        report.raise_problems()

    assert len(caught.value.problems) == MOST_PROBLEMS + 1
    assert caught.value.problems[-1].found == "7 more problems"


def test_a_report_without_problems_raises_nothing() -> None:
    Report("f.yml", root_of("a: 1\n")).raise_problems()


def test_the_nearest_word_is_suggested_or_what_stands_for_it() -> None:
    assert Near("seize", ["size", "name"]).found() == "size"
    assert Near("final", {"final": "${final_model}"}).found() == "${final_model}"
    assert Near("qqq", ["size"]).found() == ""
