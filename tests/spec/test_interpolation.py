from __future__ import annotations

from collections.abc import Sequence

import pytest

from renderlock.errors import Problem
from renderlock.spec.interpolation import LONGEST_CHAIN, Interpolation, single_reference
from renderlock.spec.report import UNRESOLVED, Report
from renderlock.spec.yaml_nodes import Fields, compose


def values_and_problems(text: str) -> tuple[dict[str, object], Sequence[Problem]]:
    root, _ = compose(text, "f.yml")
    assert isinstance(root, Fields)
    report = Report("f.yml", root)
    return Interpolation(root, report).values(), report.problems


def test_a_value_that_is_one_reference_keeps_its_type() -> None:
    values, problems = values_and_problems(
        "vars: {n: 5, yes: true, l: [1, 2]}\na: ${n}\nb: ${yes}\nc: ${l}\nd: ${vars.n}\n"
    )

    assert ([values[key] for key in "abcd"], problems) == ([5, True, [1, 2], 5], ())


def test_references_within_text_become_text() -> None:
    values, _ = values_and_problems(
        "project: spring\nvars: {n: 5, on: true, s: {k: é}}\na: '${project}-${n} ${on} ${s.k}'\n"
    )

    assert values["a"] == "spring-5 true é"


def test_variables_may_refer_to_each_other() -> None:
    values, _ = values_and_problems("vars: {a: '${b}!', b: '${c}', c: hi}\nx: ${a}\n")

    assert values["x"] == "hi!"


@pytest.mark.parametrize(
    ("written", "read"), [("$${a}", "${a}"), ("$$${a}", "$${a}"), ("5 $ {a}", "5 $ {a}"), ("$a", "$a")]
)
def test_a_doubled_dollar_is_the_characters_themselves(written: str, read: str) -> None:
    values, problems = values_and_problems(f"x: '{written}'\n")

    assert (values["x"], problems) == (read, ())


def test_a_reference_inside_what_a_literal_stands_for_is_not_filled_in_again() -> None:
    values, _ = values_and_problems("vars: {a: '$${b}', b: 1}\nx: ${a}\ny: 'is ${a}'\n")

    assert (values["x"], values["y"]) == ("${b}", "is ${b}")


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("a: 1\nx: ${nope}\n", (2, 4), "unknown variable"),
        ("a: 1\nx: 'y ${a.b}'\n", (2, 4), "unknown variable"),
        ("x: '${a'\n", (1, 4), "without its"),
        ("x: '${}'\n", (1, 4), "${}"),
        ("x: '${a b}'\n", (1, 4), "${a b}"),
        ("x: ${env:API_KEY}\n", (1, 4), "${env:API_KEY}"),
        ("x: ${x}\n", (1, 4), "x → x"),
        ("vars: {m: {k: 1}}\nx: 'a ${m}'\n", (2, 4), "a map"),
        ("vars: {l: [1]}\nx: 'a ${l}'\n", (2, 4), "a list"),
        ("a:\nx: 'a ${a}'\n", (2, 4), "nothing"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_problem_at_its_place(
    text: str, place: tuple[int, int], found: str
) -> None:
    values, (problem,) = values_and_problems(text)

    assert (problem.line, problem.column) == place
    assert found in problem.found
    assert values["x"] is UNRESOLVED


def test_secrets_are_told_to_stay_out_of_values() -> None:
    _, (problem,) = values_and_problems("x: ${env:API_KEY}\n")

    assert "secrets" in problem.allowed


def test_a_cycle_is_reported_once_as_a_ring() -> None:
    _, (problem,) = values_and_problems("vars: {a: '${b}', b: '${c}', c: '${a}'}\nx: ${a}\ny: ${b}\n")

    assert problem.found.count("→") == 3


def test_each_use_of_an_unknown_variable_is_reported() -> None:
    _, problems = values_and_problems("a: ${nope}\nb: ${nope}\n")

    assert [problem.line for problem in problems] == [1, 2]


def test_a_chain_longer_than_the_bound_is_refused() -> None:
    links = "".join(f"  v{n}: ${{v{n + 1}}}\n" for n in range(LONGEST_CHAIN + 5))

    _, problems = values_and_problems(f"vars:\n{links}  v{LONGEST_CHAIN + 5}: end\nx: ${{v0}}\n")

    assert any("chain" in problem.found for problem in problems)


@pytest.mark.parametrize(("start", "between", "end"), [('"', "", '"'), ('["', '", "', '"]')])
def test_references_that_repeat_without_bound_are_refused(start: str, between: str, end: str) -> None:
    lines = [f"  v{n}: {start}{between.join([f'${{v{n - 1}}}'] * 10)}{end}" for n in range(1, 9)]

    _, problems = values_and_problems("\n".join(["vars:", "  v0: hahaha", *lines]))

    assert any("repeat more" in problem.found for problem in problems)


@pytest.mark.parametrize(
    ("text", "name"), [("${a}", "a"), ("${a.b}", "a.b"), ("x${a}", None), ("$${a}", None), ("${a", None)]
)
def test_a_text_that_is_exactly_one_reference_is_told_from_others(text: str, name: str | None) -> None:
    assert single_reference(text) == name
